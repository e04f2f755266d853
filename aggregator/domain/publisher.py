"""What the *publisher* says: feeds and entries, as they came and as they are kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NewType

SafeHtml = NewType("SafeHtml", str)
"""HTML that came out of `feeds/sanitizing.py`; the only HTML that a template may print unescaped."""

CategoryPath = tuple[str, ...]
"""A person's grouping, outermost name first; `()` is the top level."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosure:
    """A file that belongs to an entry: the sound of a podcast, a film, a picture."""

    url: str
    type: str = ""
    """Media type as the publisher says it; "audio/*" and the like where only the kind is known."""
    title: str = ""
    length_bytes: int | None = None
    seconds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What else the publisher says of an entry. Addresses are http(s); names are lines of plain text."""

    enclosures: tuple[Enclosure, ...] = ()
    image_url: str | None = None
    categories: tuple[str, ...] = ()
    comments_url: str | None = None
    source_title: str = ""
    """Of the feed that an aggregating feed took the entry from (`<source>`)."""
    source_url: str | None = None


NO_DETAILS = Details()


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedEntry:
    """One item of a document, as read: `summary` and `content` are still untrusted HTML."""

    guid: str
    url: str | None
    title: str
    """Plain text, perhaps empty."""
    author: str | None
    published_at: datetime | None
    updated_at: datetime | None
    summary: str
    content: str
    """Empty where the feed gives only a summary."""
    base_url: str | None = None
    """Where relative links of the two start, where the document says it; else at `url`."""
    details: Details = NO_DETAILS
    content_hash: str
    """Hex sha256 of what the publisher said of the entry, but for what changes without an edit (see
    `feeds/details.py`): equal hash, equal entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SkippedTimes:
    """When a publisher asks not to be asked (RSS: skipHours, skipDays), in UTC."""

    hours: frozenset[int] = frozenset()
    weekdays: frozenset[int] = frozenset()
    """0 is Monday."""

    def covers(self, moment: datetime) -> bool:
        there = moment.astimezone(UTC)
        return there.hour in self.hours or there.weekday() in self.weekdays


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a document asks of those who fetch it, besides its `<ttl>`."""

    skipped: SkippedTimes | None = None
    hub_url: str | None = None
    """Pushes what is new, to who subscribes there (WebSub)."""
    topic_url: str | None = None
    """The address under which the hub knows the feed (`rel="self"`)."""


NO_WISHES = Wishes()


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedFeed:
    """One document, as read. `url` is the address it came from, after redirects."""

    url: str
    title: str
    site_url: str | None
    description: str
    language: str | None
    """ISO 639-1, lower case, where the document says it."""
    time_to_live: timedelta | None
    entries: tuple[ParsedEntry, ...]
    """In document order, each guid once."""
    item_hashes: bytes = b""
    """Of the items of the document as they are written, 8 bytes each; empty where they are not told apart."""
    wishes: Wishes = NO_WISHES
    left_out: frozenset[str] = frozenset()
    """Guids of items that were known and not read."""
    whole: bool = True
    """False where the document breaks off before its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanEntry:
    """One entry ready to be stored: nothing unsafe left."""

    guid: str
    url: str | None
    title: str
    author: str | None
    published_at: datetime | None
    updated_at: datetime | None
    html: SafeHtml
    """What a page shows: the content, or the summary where there is no content."""
    summary: str
    """The summary as plain text; empty where it is the beginning of the content."""
    text: str
    """`html` as plain text; what is searched and linked."""
    details: Details = NO_DETAILS
    content_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanFeed:
    """One document ready to be stored; `entries` as in `ParsedFeed`, the newest first.

    `dates` are the moments that the entries of the whole document were published, newest first, for the
    scheduling of the next fetch.
    """

    title: str
    site_url: str | None
    description: str
    language: str | None
    time_to_live: timedelta | None
    dates: tuple[datetime, ...]
    entries: tuple[CleanEntry, ...]
    item_hashes: bytes = b""
    """As in `ParsedFeed`."""
    wishes: Wishes = NO_WISHES
    guids: frozenset[str] = frozenset()
    """Of every entry that stands in the document, known or not; empty where that was not looked at."""
    whole: bool = True
    """False where the document breaks off: its validators must not hide the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    id: int
    url: str
    title: str
    """The feed's own title, or its address until it was fetched."""
    site_url: str | None
    description: str
    language: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PageText:
    """The text of an article as its page has it, cleaned."""

    url: str
    """Where it was found, after redirects."""
    title: str
    """Of the page; perhaps empty."""
    html: SafeHtml
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FullText:
    """Where and when the text of an entry was taken from its page, and what its feed says instead."""

    url: str
    fetched_at: datetime
    feed_html: SafeHtml
    feed_text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A stored entry, whole, as a page shows it to one person."""

    id: int
    feed_id: int
    feed_title: str
    guid: str
    url: str | None
    title: str
    author: str | None
    published_at: datetime
    """Published, else updated, else first seen; never in the future."""
    updated_at: datetime | None
    html: SafeHtml
    summary: str
    text: str
    details: Details
    changed_at: datetime | None
    """When the publisher's edit was seen; its earlier texts are kept."""
    language: str | None
    """The feed's."""
    read: bool
    starred: bool
    read_at: datetime | None
    followed: bool
    """Its feed; an entry of a feed that is followed no more is seen as long as it is starred."""
    full: FullText | None = None
    """None: `html` and `text` are those of the feed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """A stored entry as a list shows it to one person."""

    id: int
    feed_id: int
    feed_title: str
    guid: str
    url: str | None
    title: str
    """Never empty: the first words of the text where the publisher gave none."""
    author: str | None
    published_at: datetime
    excerpt: str
    changed_at: datetime | None
    language: str | None
    """The feed's."""
    read: bool
    starred: bool
    read_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """What an entry said until the publisher edited it."""

    replaced_at: datetime
    title: str
    html: SafeHtml
