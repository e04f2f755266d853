"""From the stored links of an entry to what a page shows: sure ones only, best first, the same text once.

Pure Python, for pages: no matrix, no numba. How strict and how recent are decided here, at reading, so
that a change of either shows at once and a preview is what saving gives.
"""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from aggregator.policies import RelatedPolicy

_NOT_WORD = re.compile(r"\W+", re.UNICODE)


class Candidate(Protocol):
    """What may be shown: a stored entry, or an article of an archive."""

    @property
    def id(self) -> int: ...
    @property
    def title(self) -> str: ...
    @property
    def published_at(self) -> datetime | None: ...
    @property
    def score(self) -> float: ...
    @property
    def rank(self) -> float: ...
    @property
    def nearness(self) -> float: ...
    @property
    def confidence(self) -> float: ...
    @property
    def same_text(self) -> bool: ...


C = TypeVar("C", bound=Candidate)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown(Generic[C]):
    """`links` are to be read next; `copies` are the entry's own text in other places."""

    links: tuple[C, ...]
    copies: tuple[C, ...]


def choose_shown(related: Iterable[C], copies: frozenset[tuple[int, int]], policy: RelatedPolicy) -> Shown[C]:
    """What is shown under an article.

    `related` are all its stored links; `copies` are pairs (smaller id, larger id) of one text among them.
    Equal ranks are ordered by date, the newer first, then by id.
    """
    candidates = sorted(related, key=lambda candidate: _order(candidate, policy))
    chosen: list[C] = []
    for candidate in candidates:
        if len(chosen) == policy.shown:
            break
        if candidate.same_text or candidate.confidence < policy.strictness:
            continue
        if not any(_same(candidate, other, copies) for other in chosen):
            chosen.append(candidate)
    return Shown(links=tuple(chosen), copies=tuple(entry for entry in candidates if entry.same_text))


SAME_STORY_DAYS = 2.0
SAME_STORY_CONFIDENCE = 0.62
"""Less, though of the same days, is as often a column or a portrait as the news itself."""


class Placed(Candidate, Protocol):
    """A candidate of which one knows the feed."""

    @property
    def feed_id(self) -> int: ...


P = TypeVar("P", bound=Placed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups(Generic[P]):
    """`elsewhere` tell the same subject in other feeds; `further` are all other links."""

    elsewhere: tuple[P, ...]
    further: tuple[P, ...]


def group_links(links: Iterable[P], *, feed_id: int, published_at: datetime) -> Groups[P]:
    """Divide what is shown under an article of that feed and moment; each part keeps its order.

    The same subject elsewhere is another feed's, very surely about one subject, and of the same days.
    """
    shown = tuple(links)
    elsewhere = tuple(link for link in shown if _is_same_story(link, feed_id, published_at))
    return Groups(elsewhere=elsewhere, further=tuple(link for link in shown if link not in elsewhere))


def _is_same_story(link: Placed, feed_id: int, published_at: datetime) -> bool:
    if link.feed_id == feed_id or link.published_at is None:
        return False
    days = abs((link.published_at - published_at).total_seconds()) / 86_400
    sure = link.same_text or link.confidence >= SAME_STORY_CONFIDENCE
    return sure and days <= SAME_STORY_DAYS


def _order(candidate: Candidate, policy: RelatedPolicy) -> tuple[float, float, int]:
    """The stored rank, moved by how much more or less than usual recent articles are wanted."""
    rank = candidate.rank + (policy.recency - 1) * candidate.nearness
    moment = candidate.published_at.timestamp() if candidate.published_at else -math.inf
    return -rank, -moment, candidate.id


def _same(a: Candidate, b: Candidate, copies: frozenset[tuple[int, int]]) -> bool:
    return (min(a.id, b.id), max(a.id, b.id)) in copies or same_title(a.title, b.title)


def same_title(a: str, b: str) -> bool:
    """Equal but for case, accents and punctuation. Short titles ("Une vie") prove nothing."""
    key = title_key(a)
    return bool(key) and key == title_key(b)


@lru_cache(maxsize=4_096)
def title_key(title: str) -> str:
    """A normal form of the title; empty where it has fewer than four words."""
    plain = "".join(
        c for c in unicodedata.normalize("NFKD", title.casefold()) if not unicodedata.combining(c)
    )
    words = _NOT_WORD.sub(" ", plain).split()
    return " ".join(words) if len(words) >= 4 else ""
