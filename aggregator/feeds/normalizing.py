"""What a reader of one format found -> the facts of the domain, the same for every format.

Promises: every entry has an identity that is the same at the next fetch; addresses are absolute and http(s);
titles and authors are one line of plain text; moments are aware UTC; nothing holds a character that a
database refuses (NUL, lone surrogates).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from aggregator.domain import ParsedEntry, ParsedFeed
from aggregator.feeds.dates import parse_date
from aggregator.feeds.details import NO_RAW_DETAILS, RawDetails, edited_words, read_details
from aggregator.feeds.values import storable, web_address

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_LANGUAGE = re.compile(r"([a-z]{2})(?![a-z])", re.IGNORECASE)
_PERIODS = {"hourly": 1, "daily": 24, "weekly": 168, "monthly": 720, "yearly": 8760}
_LONGEST = timedelta(days=366)

_MAX_GUID_CHARS = 500  # in UTF-8, 2,000 bytes: an index of PostgreSQL takes 2,700


@dataclass(frozen=True, slots=True, kw_only=True)
class RawEntry:
    """An entry as its format says it, and the one thing that a reader of a format hands over: two readers of
    one document are equal where their `RawFeed`s are. Empty strings where it says nothing."""

    guid: str
    """`<guid>`, Atom's `<id>`, `rdf:about`; as written."""
    links: tuple[str, ...]
    """What may be its address, the best first; empty strings count as absent."""
    title: str
    """One line; see `one_line`."""
    author: str
    """One line: the names, parted by commas."""
    published: str
    """A date as written, as `updated`; it is part of the hash of the entry."""
    updated: str
    summary: str
    """HTML, unsafe; see `as_html`."""
    content: str
    """HTML, unsafe: the longest, where there are several."""
    base_url: str
    """xml:base of its bodies, where one is in force."""
    details: RawDetails = NO_RAW_DETAILS

    @property
    def enclosure(self) -> str:
        """The address of its first file."""
        return next((file.url for file in self.details.enclosures if file.url), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class RawFeed:
    """A document as its format says it."""

    title: str
    """One line."""
    link: str
    description: str
    language: str
    time_to_live: timedelta | None
    entries: tuple[RawEntry, ...]


def normalize(raw: RawFeed, *, url: str, now: datetime) -> ParsedFeed:
    site_url = web_address(raw.link, url)
    entries = (
        _entry(entry, raw.title, base=site_url or url, now=now)
        for entry in raw.entries
        if _says_something(entry)
    )
    language = _LANGUAGE.match(raw.language)
    return ParsedFeed(
        url=url,
        title=raw.title,
        site_url=site_url,
        description=raw.description,
        language=language[1].lower() if language else None,
        time_to_live=raw.time_to_live,
        entries=_newest_of_each_guid(_tell_apart(tuple(entries)), now),
    )


def _says_something(raw: RawEntry) -> bool:
    return any((raw.guid, *raw.links, raw.enclosure, raw.title, raw.summary, raw.content))


def _entry(raw: RawEntry, feed_title: str, *, base: str, now: datetime) -> ParsedEntry:
    url = next((url for link in (*raw.links, raw.enclosure) if (url := web_address(link, base))), None)
    summary, content = storable(raw.summary), storable(raw.content)
    if summary == content:
        summary = ""
    details = read_details(raw.details, base=base, feed_title=feed_title)
    facts = (raw.title, url or "", raw.author, raw.published, summary, content, *edited_words(details))
    return ParsedEntry(
        guid=_guid(raw, body=content or summary),
        url=url,
        title=raw.title,
        author=raw.author or None,
        published_at=parse_date(raw.published, now=now),
        updated_at=parse_date(raw.updated, now=now),
        summary=summary,
        content=content,
        base_url=web_address(raw.base_url, base),
        details=details,
        content_hash=_digest(*facts),
    )


def _guid(raw: RawEntry, *, body: str) -> str:
    """guid → link → enclosure → what it says. A guid too long for an index is replaced by its hash."""
    found = next((text for text in (raw.guid, *raw.links, raw.enclosure) if text.strip()), "")
    guid = storable(found).strip()
    if not guid:
        return f"sha256:{_digest(raw.title, raw.published, body)}"
    return _bounded(guid)


def _bounded(guid: str) -> str:
    return guid if len(guid) <= _MAX_GUID_CHARS else f"sha256:{_digest(guid)}"


def _tell_apart(entries: Sequence[ParsedEntry]) -> Iterable[ParsedEntry]:
    """A guid that stands for entries of several links *and* titles is none: their links are.

    With one link, or one title, it is the same article twice.
    """
    told: dict[str, tuple[set[str | None], set[str]]] = {}
    for entry in entries:
        links, titles = told.setdefault(entry.guid, (set(), set()))
        links.add(entry.url)
        titles.add(entry.title)
    broken = {guid for guid, (links, titles) in told.items() if len(links - {None}) > 1 and len(titles) > 1}
    for entry in entries:
        yield replace(entry, guid=_bounded(entry.url)) if entry.url and entry.guid in broken else entry


def _digest(*texts: str) -> str:
    """Hex sha256. NUL parts the texts: none of them holds one."""
    return sha256("\0".join(text.strip() for text in texts).encode("utf-8", "ignore")).hexdigest()


def _newest_of_each_guid(entries: Iterable[ParsedEntry], now: datetime) -> tuple[ParsedEntry, ...]:
    """A date in the future is no newer than now; of equals, the first of the document stays."""

    def age(entry: ParsedEntry) -> datetime:
        said = entry.updated_at or entry.published_at
        return min(said, now) if said else datetime.min.replace(tzinfo=UTC)

    newest: dict[str, ParsedEntry] = {}
    for entry in entries:
        rival = newest.get(entry.guid)
        if rival is None or age(entry) > age(rival):
            newest[entry.guid] = entry
    return tuple(newest.values())


def time_to_live(*, minutes: str, period: str = "", frequency: str = "") -> timedelta | None:
    """`<ttl>`, else so many times in a `<sy:updatePeriod>` (purl.org/rss/1.0/modules/syndication)."""
    if (ttl := _positive(minutes)) is not None:
        return min(timedelta(minutes=ttl), _LONGEST)
    hours = _PERIODS.get(period.strip().lower())
    return timedelta(hours=hours) / (_positive(frequency) or 1) if hours else None


def _positive(digits: str) -> int | None:
    return (int(digits) or None) if re.fullmatch(r"[0-9]{1,6}", digits := digits.strip()) else None
