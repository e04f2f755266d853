"""Words that stand for one another: the spellings of a name ("Poutine" is read as "Putin").

A line is `Putin = Poutine Putine`: the spelling that is read, and those that are read as it. Case does not
matter; what follows a `#` is a remark. Pure Python, since the settings are checked with it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Aliases = tuple[tuple[str, str], ...]
"""Pairs in lower case: a word, and the one it is read as."""

_WORD = re.compile(r"[^\W_]{2,}")


class AliasError(ValueError):
    """A line that makes no sense. `line` counts from 1."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line


def parse_aliases(text: str) -> Aliases:
    """Raises `AliasError` for a line that is no alias, and for words that are in two of them."""
    read_as: dict[str, str] = {}
    spellings: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        words = _words(line.partition("#")[0], number)
        for word in words:
            if word in spellings:
                raise AliasError(number, f"{word!r} is in line {spellings[word]} too")
            spellings[word] = number
        read_as.update((word, words[0]) for word in words[1:])
    return tuple(read_as.items())


def _words(line: str, number: int) -> list[str]:
    """The words of a line, the one that is read first; none for an empty line."""
    if not line.strip():
        return []
    name, mark, others = line.lower().partition("=")
    words = [name.strip(), *others.split()]
    if not mark or len(words) < 2:
        raise AliasError(number, "it is not of the form “Putin = Poutine Putine”")
    for word in words:
        if not _WORD.fullmatch(word):
            raise AliasError(number, f"{word!r} is not one word of letters")
    return words


def merged(first: Aliases, second: Aliases) -> Aliases:
    """Both; where they say different things of a word, what the second says."""
    read_as = dict(first) | dict(second)
    for word in {name for _, name in second}:
        read_as.pop(word, None)
    return tuple(_followed(read_as))


def _followed(read_as: dict[str, str]) -> Iterable[tuple[str, str]]:
    """Each word with the end of its chain, should the second list read the first one's name otherwise."""

    def end(word: str) -> str:
        seen: set[str] = set()
        while word in read_as and word not in seen:
            seen.add(word)
            word = read_as[word]
        return word

    found: Iterator[tuple[str, str]] = ((word, end(name)) for word, name in read_as.items())
    return ((word, name) for word, name in found if word != name)
