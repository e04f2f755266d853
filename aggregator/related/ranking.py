"""From the links of an entry to what a page shows: best rank first, the same text once.

Pure: no database, no matrix.
"""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aggregator.domain import RelatedEntry
    from aggregator.policies import RelatedPolicy

_NOT_WORD = re.compile(r"\W+", re.UNICODE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """`links` are to be read next; `copies` are the entry's own text in other places."""

    links: tuple[RelatedEntry, ...]
    copies: tuple[RelatedEntry, ...]


def choose_shown(related: Sequence[RelatedEntry], copies: frozenset[tuple[int, int]], limit: int) -> Shown:
    """`related` best first; `copies` are pairs (smaller id, larger id) of the same text among them."""
    chosen: list[RelatedEntry] = []
    for candidate in related:
        if len(chosen) == limit:
            break
        if not candidate.same_text and not any(_same(candidate, other, copies) for other in chosen):
            chosen.append(candidate)
    return Shown(links=tuple(chosen), copies=tuple(entry for entry in related if entry.same_text))


def _same(a: RelatedEntry, b: RelatedEntry, copies: frozenset[tuple[int, int]]) -> bool:
    return (min(a.id, b.id), max(a.id, b.id)) in copies or same_title(a.title, b.title)


def same_title(a: str, b: str) -> bool:
    """Equal but for case, accents and punctuation. Short titles ("Une vie") prove nothing."""
    key = title_key(a)
    return bool(key) and key == title_key(b)


def title_key(title: str) -> str:
    """A normal form of the title; empty where it has fewer than four words."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", title.casefold()) if not unicodedata.combining(c))
    words = _NOT_WORD.sub(" ", plain).split()
    return " ".join(words) if len(words) >= 4 else ""


def decay(days: float) -> float:
    """How much nearness in time raises a rank: 2.5 on the same day, 1 after years.

    The sum of three half-lives of interest (a day's news, a fortnight's story, a season's subject).
    """
    return 1 + 0.5 * (math.exp(-days / 2) + math.exp(-days / 14) + math.exp(-days / 90))


def least_cosine(entries: int, policy: RelatedPolicy) -> float:
    """The raw cosine that a link needs in a library of that many entries.

    A young library has seen too few texts to know which words are rare, so it must be stricter.
    """
    return policy.min_cosine + policy.min_cosine_young * math.exp(-entries / policy.young_entries)
