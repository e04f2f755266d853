"""Copies of one news take one row of a list.

Pure, for pages. No entry is ever lost by it: a row is left out only where another row of the same list,
which is certain to be shown, names it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aggregator.domain import Copy, Headline


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    headlines: tuple[Headline, ...]
    copies: Mapping[int, tuple[Copy, ...]]
    """By entry id, of the headlines that have some."""


def fold(headlines: Sequence[Headline], copies: Mapping[int, tuple[Copy, ...]]) -> Folded:
    """Of each text the newest row, with the others beside it.

    `copies` are those of the headlines and of their copies, each newest first, on whatever page they stand. A
    row gives way to a newer copy in the list that itself has no newer one there; so chains (A is B's copy, B
    is C's) are cut where the end would be named nowhere.
    """
    shown = tuple(h for h in headlines if not _gives_way(h, copies)) or tuple(headlines)
    return Folded(headlines=shown, copies={h.id: copies[h.id] for h in shown if h.id in copies})


def _gives_way(headline: Headline, copies: Mapping[int, tuple[Copy, ...]]) -> bool:
    newer = _newer(headline, copies.get(headline.id, ()))
    return any(_names(copies.get(copy.id, ()), copy, headline) for copy in newer)


def _names(copies: Sequence[Copy], shown: Copy, headline: Headline) -> bool:
    """`shown` is a row for certain, and the headline stands beside it."""
    return not _newer(shown, copies) and any(copy.id == headline.id for copy in copies)


def _newer(entry: Headline | Copy, copies: Sequence[Copy]) -> list[Copy]:
    """In the order of lists: by moment, then by id."""
    place = entry.published_at, entry.id
    return [copy for copy in copies if copy.listed and (copy.published_at, copy.id) > place]
