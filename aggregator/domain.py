"""The facts the program is about, grouped by their one author. Frozen; moments are aware UTC.

The *publisher* says feeds and entries; the *reader* says subscriptions and statuses; the *machine* knows
fetch state, links and progress. Nothing here imports anything of ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, NewType

SafeHtml = NewType("SafeHtml", str)
"""HTML that came out of `feeds/sanitizing.py`; the only HTML that a template may print unescaped."""

CategoryPath = tuple[str, ...]
"""A person's grouping, outermost name first; `()` is the top level."""


# ── the publisher ────────────────────────────────────────────────────────────────────────────────


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


# ── the reader ───────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """A category with the kept count of its own feeds, not of the categories within it."""

    id: int | None
    """None: the feeds without a category."""
    path: CategoryPath
    unread: int
    feeds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryContents:
    path: CategoryPath
    within: tuple[CategoryPath, ...]
    """It and the categories in it, where they hold something themselves."""
    feeds: int
    """In all of them."""
    filters: int
    """That work on the category itself."""

    def moved(self, new: CategoryPath) -> tuple[CategoryPath, ...]:
        """Where those within would be."""
        return tuple(new + one[len(self.path) :] for one in self.within)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spine:
    """A feed as the tree shows it."""

    feed_id: int
    title: str
    unread: int


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    id: int
    name: str
    role: str = "owner"
    """ "owner", who runs the place, or "reader"."""
    language: str | None = None
    """Of the pages; None: what the browser asks for."""
    has_password: bool = False

    @property
    def is_owner(self) -> bool:
        return self.role == "owner"


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Where somebody is logged in."""

    id: int
    created_at: datetime
    seen_at: datetime
    browser: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    id: int
    name: str
    scope: str
    """ "read" or "write"."""
    created_at: datetime
    used_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """A feed of an OPML file."""

    url: str
    title: str
    """Empty where the file gives none."""
    site_url: str | None = None
    category: CategoryPath = ()
    language: str | None = None
    """As the file says it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedOutline:
    title: str
    url: str
    reason: str
    """In plain English."""
    code: str = ""
    """The same for programs; see `errors`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A feed as one person follows it, with what the machine knows of it."""

    feed: Feed
    title: str
    """The person's own title, else the feed's."""
    category: CategoryPath
    unread: int
    state: FetchState
    paused_at: datetime | None = None
    """Since when the person wants nothing new of it; None: it is followed."""
    full_text_since: datetime | None = None
    """Since when the person wants the full text of what is new; None: where they ask for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedFeed:
    """A subscription in the list of all of them."""

    subscription: Subscription
    in_trouble: bool
    """It fails or has moved for good, and is not paused."""
    newest_at: datetime | None
    """When its newest entry was published."""
    lately: int
    """How many entries it published in the last four weeks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionRule:
    """What is kept of one feed: None where the settings decide, 0 where everything is kept."""

    keep_days: int | None = None
    keep_entries: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedSearch:
    id: int
    name: str
    query: str
    """As it was typed."""


FilterAction = Literal["read", "star", "hide"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What a person wants done with entries as they arrive.

    `title`, `text` and `author` hold phrases with commas between them. The scope (a feed, or a category with
    all below it) holds always; `match_all` says whether all phrases are to be found or any one.
    """

    title: str = ""
    text: str = ""
    """Looked for in the title and the text."""
    author: str = ""
    match_all: bool = True
    action: FilterAction = "hide"
    feed_id: int | None = None
    category: CategoryPath | None = None
    """None: whatever the category."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedFilter:
    id: int
    rule: Filter
    feed_title: str | None = None
    """Of the feed it is for."""
    deleted: bool = False
    """It stays as long as an entry is hidden by it."""
    hidden: int = 0
    """How many entries it hides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One end of a pair that a person judged unrelated."""

    id: int
    title: str
    feed_id: int
    feed_title: str
    published_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """These two are not to be proposed under each other; `one` arrived first."""

    one: Judged
    other: Judged
    judged_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """Every outline of the file is in exactly one of the three."""

    added: tuple[Outline, ...]
    already_there: tuple[Outline, ...]
    refused: tuple[RefusedOutline, ...]


ImportOutcome = Literal["new", "added", "there", "refused", "left"]
"""Of one outline. A preview has "new" ones, which become "added", or "left" where the person wants it so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportJob:
    """An import that was looked at, or carried out: how many outlines had which outcome."""

    id: int
    created_at: datetime
    imported_at: datetime | None
    """None: it was only looked at so far."""
    new: int = 0
    added: int = 0
    there: int = 0
    refused: int = 0
    left: int = 0
    feeds: int = 0
    """Of those that were added, the feeds that the person still follows."""
    fetched: int = 0
    """Of these, those that were fetched, or could not be."""
    failing: int = 0

    @property
    def waiting(self) -> int:
        return self.feeds - self.fetched


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedOutline:
    """What became of one outline of an import."""

    id: int
    url: str
    title: str
    category: CategoryPath
    site_url: str | None = None
    feed_id: int | None = None
    reason: str = ""
    """Why it was refused, in plain English."""
    code: str = ""
    """The same for programs; see `errors`."""
    state: FetchState | None = None
    """Of its feed, where that is asked for."""


# ── the machine ──────────────────────────────────────────────────────────────────────────────────


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
