"""What the *machine* knows: the state of fetching, links, progress. It can be had again from the rest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from aggregator.domain.publisher import SkippedTimes


@dataclass(frozen=True, slots=True, kw_only=True)
class Validators:
    """What a conditional request sends back (RFC 9110, 8.8)."""

    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchState:
    last_checked_at: datetime | None
    next_fetch_at: datetime
    failures: int
    """In a row; 0 after a success."""
    failing_since: datetime | None
    error_code: str | None
    error: str | None
    """In a sentence."""
    error_reason: str | None = None
    """The code of the error's reason, with its facts (see `errors`)."""
    outcome: Outcome | None = None
    """Of the last check."""
    changed_at: datetime | None = None
    """When it last brought something new."""
    published: tuple[datetime, ...] = ()
    """When it published lately, newest first; bursts count once."""
    gone: Withdrawn | None = None
    move: Move | None = None
    pushed_until: datetime | None = None
    """Until when its hub has promised to push."""


Outcome = Literal["new", "changed", "same", "not-modified", "failed"]
"""New entries; another document without any; the same bytes; 304; an error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """The feed answers from another address, by redirects that are all permanent."""

    url: str
    since: datetime
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawn:
    """The server answers 410: since when, how often in a row, and since when it is asked no more."""

    since: datetime
    times: int
    stopped_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A document. `url` is where it was found, after redirects."""

    url: str
    moved: bool = False
    """It is there for good: there were redirects, and each was a permanent one."""
    body: bytes
    body_hash: str
    """Hex sha256."""
    content_type: str
    validators: Validators
    max_age: timedelta | None
    """Cache-Control's, where given."""
    hub_url: str | None = None
    topic_url: str | None = None
    """As `Wishes` has them, from the Link header."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotModified:
    """304: the document is the one we have. `url` and `moved` as of a document."""

    validators: Validators
    max_age: timedelta | None
    url: str
    moved: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedFeed:
    """A feed that this process holds until it records an outcome or its lease ends."""

    feed_id: int
    url: str
    validators: Validators
    body_hash: str | None
    known_items: bytes
    """The `item_hashes` of the document that is stored."""
    failures: int
    interval: timedelta
    """The current one, between two successful fetches."""
    published: tuple[datetime, ...] = ()
    """When it published lately, newest first."""
    asked: timedelta | None = None
    """The interval that its last document asked for."""
    skipped: SkippedTimes | None = None
    move: Move | None = None
    gone: Withdrawn | None = None
    pushed: bool = False
    """Its hub pushes what is new."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When a feed was checked, when it is due again, and the interval between two successful fetches."""

    checked_at: datetime
    next_fetch_at: datetime
    interval: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshReport:
    """What a run did; `links` are the pairs that were stored, `seconds` wall-clock time.

    `held` counts the feeds that it left to another process, which is refreshing them.
    """

    feeds: int
    not_modified: int
    same_body: int
    updated: int
    failed: int
    new_entries: int
    changed_entries: int
    links: int
    seconds: float
    held: int = 0
    postponed: int = 0
    """Feeds that were left alone because their host had had enough of us."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedText:
    """An entry whose full text is to be fetched; `title` and `text` as its feed gives them."""

    entry_id: int
    url: str
    title: str
    text: str
    tries: int = 0
    """That failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FullTextReport:
    """How it goes with the full texts of the newest entries of a feed, and why the last one failed."""

    fetched: int
    waiting: int
    failed: int
    error_code: str | None = None
    error_reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PrunedFeed:
    feed_id: int
    title: str
    entries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PruneReport:
    """What a run removed, or would remove; feeds that lose nothing are left out."""

    feeds: tuple[PrunedFeed, ...]
    entries: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshProgress:
    """A run that is under way or the last one that ended."""

    started_at: datetime
    finished_at: datetime | None
    feeds: int
    done: int
    failed: int
    new_entries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What the last check of a feed brought to one who follows it."""

    feed_id: int
    title: str
    checked_at: datetime
    next_fetch_at: datetime
    new: int
    """Entries since the moment that was asked for."""
    failed: bool
    error_code: str | None
    error: str | None
    error_reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """What linking reads of an entry; all text is plain. `id` is the caller's own."""

    id: int | str
    title: str
    summary: str
    content: str
    language: str | None
    published_at: datetime | None
    source: str
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Two related entries; `entry_id` is the one that arrived later.

    `score` is the raw cosine in [0, 1]. `rank` orders the links of the later entry, `older_rank` those of
    the other; `nearness` is the part of both that dates decide. `confidence` in [0, 1] is how sure it is that
    both are about one subject; `same_text` says that both are the same text in two places.
    """

    entry_id: int
    neighbour_id: int
    score: float
    rank: float
    older_rank: float
    nearness: float
    confidence: float
    why: tuple[str, ...]
    same_text: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RelatedEntry:
    """The other end of a link, as a page shows it."""

    id: int
    title: str
    url: str | None
    feed_id: int
    feed_title: str
    published_at: datetime
    score: float
    rank: float
    nearness: float
    confidence: float
    why: tuple[str, ...]
    same_text: bool
    foreign_language: str | None
    """Its language, where that is not the entry's."""
    arrived_at: datetime
    """When the library first saw it."""
    read_at: datetime | None
    """By this person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tie:
    """A link as the thread of a story sees it: `days` apart, 1 sure where both are one text."""

    one: int
    other: int
    confidence: float
    days: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """The same text in another feed that the person follows, as a list shows it beside its headline."""

    id: int
    title: str
    feed_id: int
    feed_title: str
    published_at: datetime
    read: bool
    listed: bool
    """It answers the conditions of the list, too."""
