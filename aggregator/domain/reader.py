"""What the *reader* says, a person with an account: subscriptions, statuses, filters, verdicts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from aggregator.domain.machine import FetchState
from aggregator.domain.publisher import CategoryPath, Feed


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
