"""From the stored links of an entry to what a page shows: best rank first, the same text once.

Pure Python, for pages: no matrix, no scikit-learn.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

_NOT_WORD = re.compile(r"\W+", re.UNICODE)


class Candidate(Protocol):
    """What may be shown: a stored entry, or an article of an archive."""

    @property
    def id(self) -> int: ...
    @property
    def title(self) -> str: ...
    @property
    def same_text(self) -> bool: ...


C = TypeVar("C", bound=Candidate)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown(Generic[C]):
    """`links` are to be read next; `copies` are the entry's own text in other places."""

    links: tuple[C, ...]
    copies: tuple[C, ...]


def choose_shown(related: Sequence[C], copies: frozenset[tuple[int, int]], limit: int) -> Shown[C]:
    """`related` best first; `copies` are pairs (smaller id, larger id) of the same text among them."""
    chosen: list[C] = []
    for candidate in related:
        if len(chosen) == limit:
            break
        if not candidate.same_text and not any(_same(candidate, other, copies) for other in chosen):
            chosen.append(candidate)
    return Shown(links=tuple(chosen), copies=tuple(entry for entry in related if entry.same_text))


def _same(a: Candidate, b: Candidate, copies: frozenset[tuple[int, int]]) -> bool:
    return (min(a.id, b.id), max(a.id, b.id)) in copies or same_title(a.title, b.title)


def same_title(a: str, b: str) -> bool:
    """Equal but for case, accents and punctuation. Short titles ("Une vie") prove nothing."""
    key = title_key(a)
    return bool(key) and key == title_key(b)


def title_key(title: str) -> str:
    """A normal form of the title; empty where it has fewer than four words."""
    plain = "".join(
        c for c in unicodedata.normalize("NFKD", title.casefold()) if not unicodedata.combining(c)
    )
    words = _NOT_WORD.sub(" ", plain).split()
    return " ".join(words) if len(words) >= 4 else ""
