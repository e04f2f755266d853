"""Where the words of a search stand in a text: pieces of plain text, each marked or not.

Nothing here is HTML: whoever prints a piece escapes it.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from aggregator.searching.words import are_forms, fold, shared_beginnings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from aggregator.searching.language import Query, Term

LENGTH = 180
_BEFORE = 30
"""Characters of the text that stand before the first word that is marked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    text: str
    marked: bool = False


class Marker:
    """Marks the wanted words of one query."""

    def __init__(self, query: Query) -> None:
        self._terms = [_compiled(term) for term in query.wanted if term.field != "author"]
        self._title_only = [term.field == "title" for term in query.wanted if term.field != "author"]

    def title(self, text: str) -> tuple[Piece, ...]:
        """The whole text in pieces."""
        return _pieces(text, self._spans(text, self._terms))

    def snippet(self, text: str) -> tuple[Piece, ...]:
        """About `LENGTH` characters around the first place of a word; empty where there is none."""
        terms = [term for term, only in zip(self._terms, self._title_only, strict=True) if not only]
        firsts = [span for term in terms if (span := next(term.spans(text), None))]
        if not firsts:
            return ()
        start = _word_start(text, min(firsts)[0] - _BEFORE)
        end = min(len(text), max(start + LENGTH, min(firsts)[1]))
        shown = ("…" if start else "") + " ".join(text[start:end].split()) + ("…" if end < len(text) else "")
        return _pieces(shown, self._spans(shown, terms))

    def _spans(self, text: str, terms: Iterable[_Pattern]) -> list[tuple[int, int]]:
        spans = sorted(span for term in terms for span in term.spans(text))
        joined: list[tuple[int, int]] = []
        for start, end in spans:
            if joined and start <= joined[-1][1]:
                joined[-1] = joined[-1][0], max(end, joined[-1][1])
            else:
                joined.append((start, end))
        return joined


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pattern:
    expression: re.Pattern[str]
    form_of: str
    """What is found must be a form of this word; empty where the expression says all."""

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        for found in self.expression.finditer(text):
            if not self.form_of or are_forms(self.form_of, fold(found[0])):
                yield found.span()


def _compiled(term: Term) -> _Pattern:
    beginnings = () if term.exact or term.beginning else shared_beginnings(term.words[0])
    if beginnings:
        some = "|".join(map(_spelled, beginnings))
        return _Pattern(expression=re.compile(rf"(?<![^\W_])(?:{some})[^\W_]*"), form_of=term.words[0])
    words = r"[\W_]+".join(map(_spelled, term.words))
    end = "[^\\W_]*" if term.beginning else r"(?![^\W_])"
    return _Pattern(expression=re.compile(rf"(?<![^\W_]){words}{end}"), form_of="")


def _spelled(word: str) -> str:
    """A pattern of the folded word with any accents, in small and capital letters."""
    return "".join(_letters(letter) for letter in word)


@cache
def _letters(letter: str) -> str:
    found = "".join({letter, letter.upper(), *_accented().get(letter, ())})
    return f"[{re.escape(found)}]" if len(found) > 1 else re.escape(found)


@cache
def _accented() -> dict[str, list[str]]:
    """The letters of Latin, Greek and Cyrillic that fold to each plain one."""
    found: dict[str, list[str]] = {}
    for code in (*range(0xC0, 0x530), *range(0x1E00, 0x2000)):
        plain = fold(chr(code))
        if len(plain) == 1 and plain != chr(code) and unicodedata.category(chr(code)).startswith("L"):
            found.setdefault(plain, []).append(chr(code))
    return found


def _word_start(text: str, place: int) -> int:
    """The beginning of the first whole word at or after the place; the beginning for places before it."""
    if place <= 0:
        return 0
    gap = re.compile(r"\s").search(text, place, place + _BEFORE)
    return gap.end() if gap else place


def _pieces(text: str, spans: Iterable[tuple[int, int]]) -> tuple[Piece, ...]:
    pieces: list[Piece] = []
    done = 0
    for start, end in spans:
        pieces += [Piece(text=text[done:start]), Piece(text=text[start:end], marked=True)]
        done = end
    pieces.append(Piece(text=text[done:]))
    return tuple(piece for piece in pieces if piece.text)
