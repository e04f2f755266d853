"""The knobs, apart from the code that obeys them. All values are frozen; defaults are what we run with.

Durations are `timedelta`, sizes end in `_bytes`. `config/settings.py` fills these from a file and from the
environment, and refuses what is out of bounds; nothing here reads either.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le

Duration = Annotated[timedelta, Gt(timedelta(0)), Le(timedelta(days=366))]
Share = Annotated[float, Ge(0), Le(1)]
Port = Annotated[int, Ge(1), Le(65535)]


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchLimits:
    """What one fetch may cost, and where it may go."""

    timeout: Duration = timedelta(seconds=30)
    """For one whole fetch: every redirect, headers and body."""
    connect_timeout: Duration = timedelta(seconds=10)
    max_bytes: Annotated[int, Ge(1)] = 10_000_000
    """Of the decoded body."""
    icons: bool = True
    """Whether the icons of sites are fetched, to be shown beside the names of feeds."""
    icon_max_bytes: Annotated[int, Ge(1)] = 1_000_000
    """Of a picture, or of the page that names it."""
    page_max_bytes: Annotated[int, Ge(1)] = 5_000_000
    """Of the page of an article, whose full text is wanted."""
    max_redirects: Annotated[int, Ge(0), Le(50)] = 5
    concurrency: Annotated[int, Ge(1), Le(500)] = 32
    """Hosts at a time; to one host there is one connection."""
    contact: str = ""
    """A URL or e-mail address for publishers, added to the User-Agent."""
    allowed_networks: tuple[str, ...] = ()
    """Private networks ("192.168.1.0/24") or hosts ("nas.local") that may be fetched, on any port."""
    allowed_ports: tuple[Port, ...] = (80, 443, 8080, 8443)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshPolicy:
    """When a feed is fetched next, and how long one process may hold it."""

    every: Annotated[timedelta, Ge(timedelta(seconds=1)), Le(timedelta(days=366))] = timedelta(minutes=1)
    """How often the scheduler looks for feeds that are due."""
    min_interval: Duration = timedelta(minutes=15)
    default_interval: Duration = timedelta(hours=1)
    max_interval: Duration = timedelta(hours=24)
    lease: Annotated[timedelta, Ge(timedelta(seconds=10)), Le(timedelta(days=1))] = timedelta(minutes=3)
    """Renewed while the process lives; after its death the feeds are free again."""
    parse_timeout: Duration = timedelta(seconds=10)
    parse_workers: Annotated[int, Ge(1), Le(64)] = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionPolicy:
    """What is kept of each feed that has no rule of its own. What is starred is always kept."""

    keep_days: Annotated[int, Ge(0), Le(36_600)] = 0
    """Days since an entry arrived; 0 keeps it for ever."""
    keep_entries: Annotated[int, Ge(0), Le(1_000_000_000)] = 0
    """The newest of each feed; 0 keeps all."""
    keep_unread: bool = True
    """Whatever the rules say, what somebody who follows the feed has not read stays."""
    every: Duration = timedelta(days=1)
    """How often the program looks by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeoplePolicy:
    """What one person may ask of the library that all share."""

    feeds: Annotated[int, Ge(1), Le(1_000_000)] = 5_000
    """How many one person may follow."""
    calls_per_minute: Annotated[int, Ge(1), Le(1_000_000)] = 600
    """Of the API, by the keys of one person."""
    refreshes_per_hour: Annotated[int, Ge(1), Le(10_000)] = 60
    """How often one person may ask for news by hand."""
    full_texts_per_hour: Annotated[int, Ge(1), Le(10_000)] = 60
    """How many pages of articles one person may have fetched by hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PicturePolicy:
    """How the pictures of articles reach who reads them."""

    through_us: Literal["auto", "always", "never"] = "auto"
    """Fetched and kept here, so that no publisher sees who reads; "auto": once there are several accounts."""
    max_bytes: Annotated[int, Ge(1)] = 8_000_000
    """Of one picture."""
    timeout: Duration = timedelta(seconds=10)
    """For one picture, with its turn in the queue."""
    at_once: Annotated[int, Ge(1), Le(256)] = 16
    """So many are fetched at a time, in threads beside those of the pages."""
    cache_bytes: Annotated[int, Ge(0)] = 500_000_000
    """On the disk, of all pictures together."""
    keep: Duration = timedelta(days=30)
    """Since a picture was last shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RelatedPolicy:
    """What "Lire aussi" shows. Cosines are raw (before decay), in [0, 1]."""

    shown: Annotated[int, Ge(1), Le(12)] = 4
    """Links under an article."""
    strictness: Annotated[float, Ge(0.15), Le(0.95)] = 0.5
    """How sure it must be that two articles are about one subject for a link to be shown."""
    recency: Annotated[float, Ge(0), Le(3)] = 1.0
    """How much nearness in time counts: 0 not at all, 1 as editors do, 2 twice as much."""
    min_cosine: Share = 0.10
    """Less is never a link, however sure the rest."""
    min_cosine_young: Share = 0.10
    """Added to `min_cosine` in an empty library, which has no near articles; fades as it grows."""
    young_entries: Annotated[int, Ge(1)] = 2_000
    """After this many entries, 37 % of the addition is left."""
    min_confidence: Share = 0.15
    """What is less sure is not even kept; the least that `strictness` may be."""
    min_shared_terms: Annotated[int, Ge(1)] = 2
    same_text_cosine: Share = 0.8
    same_title_cosine: Share = 0.3
    """Enough for the same text where the titles are equal too; a column's title returns every week."""
    why_words: Annotated[int, Ge(0), Le(20)] = 5
    languages: tuple[str, ...] = ("fr", "en", "de", "es", "it", "pt", "nl")
    """Among which the language of a text is detected where its feed does not say it."""
    spellings: tuple[tuple[str, str], ...] = ()
    """Pairs of words in lower case, one and the one it is read as; see `related/aliases.py`."""
    translations: tuple[tuple[str, str], ...] = ()
    """The same, for names that are compared across languages."""
