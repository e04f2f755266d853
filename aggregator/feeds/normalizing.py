"""What a reader of one format found -> the facts of the domain, the same for every format.

Promises: every entry has an identity that is the same at the next fetch; addresses are absolute and http(s);
titles and authors are one line of plain text; moments are aware UTC; nothing holds a character that a
database refuses (NUL, lone surrogates).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from html import unescape
from typing import TYPE_CHECKING, Literal
from urllib.parse import urljoin, urlsplit

from aggregator.domain import ParsedEntry, ParsedFeed
from aggregator.feeds.addresses import as_browsers_read
from aggregator.feeds.dates import parse_date
from aggregator.feeds.plaintext import paragraphs, to_text

if TYPE_CHECKING:
    from collections.abc import Iterable

Kind = Literal["html", "text", "guess"]
"""How a text is meant: as HTML, as the characters it has, or as its feed does not say."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_FORBIDDEN_IN_HOSTS = re.compile(r"[\x00-\x20\"#<>\\^`{|}\x7f]|%20")
_REFERENCE = re.compile(r"&(?:\w{2,31}|#\d{1,7}|#[xX][0-9a-fA-F]{1,6});", re.ASCII)
_KNOWN_TAG = re.compile(
    r"</?(?:a|abbr|b|big|blockquote|br|cite|code|div|em|font|h[1-6]|hr|i|img|li|ol|p|pre|q|s|small|span|strike"
    r"|strong|sub|sup|table|tt|u|ul)(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
_LANGUAGE = re.compile(r"([a-z]{2})(?![a-z])", re.IGNORECASE)
_PERIODS = {"hourly": 1, "daily": 24, "weekly": 168, "monthly": 720, "yearly": 8760}
_LONGEST = timedelta(days=366)

_MAX_LINE_CHARS = 1_000
_MAX_GUID_CHARS = 500  # in UTF-8, 2,000 bytes: an index of PostgreSQL takes 2,700


@dataclass(frozen=True, slots=True, kw_only=True)
class RawEntry:
    """An entry as its format says it. Empty strings where it says nothing."""

    guid: str
    links: tuple[str, ...]
    """What may be its address, the best first."""
    enclosure: str
    title: str
    """One line; see `one_line`."""
    author: str
    published: str
    updated: str
    summary: str
    """HTML; see `as_html`."""
    content: str
    base_url: str
    """xml:base of its bodies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawFeed:
    title: str
    link: str
    description: str
    language: str
    time_to_live: timedelta | None
    entries: tuple[RawEntry, ...]


def normalize(raw: RawFeed, *, url: str, now: datetime) -> ParsedFeed:
    site_url = web_address(raw.link, url)
    entries = (_entry(entry, base=site_url or url) for entry in raw.entries if _says_something(entry))
    language = _LANGUAGE.match(raw.language)
    return ParsedFeed(
        url=url,
        title=raw.title,
        site_url=site_url,
        description=raw.description,
        language=language[1].lower() if language else None,
        time_to_live=raw.time_to_live,
        entries=_newest_of_each_guid(entries, now),
    )


def _says_something(raw: RawEntry) -> bool:
    return any((raw.guid, *raw.links, raw.enclosure, raw.title, raw.summary, raw.content))


def _entry(raw: RawEntry, *, base: str) -> ParsedEntry:
    url = next((url for link in (*raw.links, raw.enclosure) if (url := web_address(link, base))), None)
    summary, content = _storable(raw.summary), _storable(raw.content)
    if summary == content:
        summary = ""
    return ParsedEntry(
        guid=_guid(raw, body=content or summary),
        url=url,
        title=raw.title,
        author=raw.author or None,
        published_at=parse_date(raw.published),
        updated_at=parse_date(raw.updated),
        summary=summary,
        content=content,
        base_url=web_address(raw.base_url, base),
        content_hash=_digest(raw.title, url or "", raw.author, raw.published, summary, content),
    )


def _guid(raw: RawEntry, *, body: str) -> str:
    """guid → link → enclosure → what it says. A guid too long for an index is replaced by its hash."""
    found = next((text for text in (raw.guid, *raw.links, raw.enclosure) if text.strip()), "")
    guid = _storable(found).strip()
    if not guid:
        return f"sha256:{_digest(raw.title, raw.published, body)}"
    return guid if len(guid) <= _MAX_GUID_CHARS else f"sha256:{_digest(guid)}"


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


def web_address(link: str, base: str) -> str | None:
    """`link` made absolute, where it is an http(s) address with a host; else None."""
    link = as_browsers_read(_storable(link))
    if not link:
        return None
    try:
        address = (link if _SCHEME.match(link) else urljoin(base, link)).replace(" ", "%20")
        parts = urlsplit(address)
        is_web = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is none, half an IPv6 address
        return None
    return address if is_web and not _FORBIDDEN_IN_HOSTS.search(parts.netloc) else None


def one_line(text: str, kind: Kind) -> str:
    """Plain text in one line: "AT&amp;T" is AT&T, "a < b" stays, <b> goes where it is not meant literally."""
    text = _storable(text)
    if kind == "html" or (kind == "guess" and _KNOWN_TAG.search(text)):
        text = to_text(text)
    elif "&" in text:
        # Publishers escape twice. Only references with their semicolon: "R&notes" is no "R¬es".
        text = _REFERENCE.sub(lambda found: unescape(found[0]), text)
    line = _CONTROL.sub("", " ".join(text.split()))
    return line if len(line) <= _MAX_LINE_CHARS else f"{line[:_MAX_LINE_CHARS]}…"


def as_html(text: str, kind: Kind) -> str:
    """Untrusted HTML for a body."""
    if kind == "html" or (kind == "guess" and (_KNOWN_TAG.search(text) or _REFERENCE.search(text))):
        return text
    return paragraphs(text)


def time_to_live(*, minutes: str, period: str = "", frequency: str = "") -> timedelta | None:
    """`<ttl>`, else so many times in a `<sy:updatePeriod>` (purl.org/rss/1.0/modules/syndication)."""
    if (ttl := _positive(minutes)) is not None:
        return min(timedelta(minutes=ttl), _LONGEST)
    hours = _PERIODS.get(period.strip().lower())
    return timedelta(hours=hours) / (_positive(frequency) or 1) if hours else None


def _positive(digits: str) -> int | None:
    return (int(digits) or None) if re.fullmatch(r"[0-9]{1,6}", digits := digits.strip()) else None


def _storable(text: str) -> str:
    """Without what PostgreSQL (NUL) or UTF-8 (lone surrogates) cannot hold."""
    return text.replace("\0", "").encode("utf-8", "ignore").decode()
