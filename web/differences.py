"""What changed between two texts, for a person: paragraph by paragraph, then word by word. Bounded in time.

Promises: the pieces that are not "added" make the earlier text, those that are not "removed" the later
one, but for white space. Texts too long to be compared are given whole, as removed and added.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Kind = Literal["same", "removed", "added"]

_MAX_PARAGRAPHS = 1_000
_MAX_WORDS = 600
"""Of a paragraph; the time to compare two grows with the product."""
_ENOUGH_ALIKE = 0.3
_WORD = re.compile(r"\S+\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    kind: Kind
    text: str


Paragraph = tuple[Piece, ...]


def compare(before: str, after: str) -> tuple[Paragraph, ...]:
    """The paragraphs of both texts in their order, each as pieces."""
    old, new = _paragraphs(before), _paragraphs(after)
    if max(len(old), len(new)) > _MAX_PARAGRAPHS:
        return (*_whole("removed", old), *_whole("added", new))
    found: list[Paragraph] = []
    for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            found += _whole("same", old[a:b])
        elif b - a == d - c:
            for one, other in zip(old[a:b], new[c:d], strict=True):
                found += _by_words(one, other)
        else:
            found += (*_whole("removed", old[a:b]), *_whole("added", new[c:d]))
    return tuple(found)


def _paragraphs(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _whole(kind: Kind, paragraphs: Sequence[str]) -> list[Paragraph]:
    return [(Piece(kind=kind, text=paragraph),) for paragraph in paragraphs]


def _by_words(one: str, other: str) -> list[Paragraph]:
    old, new = _WORD.findall(one), _WORD.findall(other)
    if max(len(old), len(new)) > _MAX_WORDS:
        return _whole("removed", [one]) + _whole("added", [other])
    # White space after a word makes no other word of it.
    matcher = SequenceMatcher(None, [w.strip() for w in old], [w.strip() for w in new], autojunk=False)
    if matcher.ratio() < _ENOUGH_ALIKE:
        return _whole("removed", [one]) + _whole("added", [other])
    return [tuple(_pieces(matcher, old, new))]


def _pieces(matcher: SequenceMatcher[str], old: Sequence[str], new: Sequence[str]) -> Iterator[Piece]:
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind == "equal":
            yield Piece(kind="same", text="".join(new[c:d]))
            continue
        if b > a:
            yield Piece(kind="removed", text="".join(old[a:b]))
        if d > c:
            yield Piece(kind="added", text="".join(new[c:d]))
