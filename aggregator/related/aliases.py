"""Words that stand for one another: the spellings of a name ("Poutine" is read as "Putin").

A line is `Putin = Poutine Putine`: the spelling that is read, and those that are read as it. With `~` for `=`
it is a translation ("London ~ Londres"), which is made only where texts of two languages are compared: within
one, a country and its people are better known by a stem of their own ("Russie", "russe"). Case does not
matter; what follows a `#` is a remark. Pure Python, since the settings are checked with it.
"""

from __future__ import annotations

import re
from typing import NamedTuple

Pairs = tuple[tuple[str, str], ...]
"""Pairs in lower case: a word, and the one it is read as."""


class Aliases(NamedTuple):
    spellings: Pairs = ()
    translations: Pairs = ()


_WORD = re.compile(r"[^\W_]{2,}")


class AliasError(ValueError):
    """A line that makes no sense. `line` counts from 1."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line


def parse_aliases(text: str) -> Aliases:
    """Raises `AliasError` for a line that is no alias, and for words that are in two of them."""
    found: dict[str, dict[str, str]] = {"=": {}, "~": {}}
    lines: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        mark, words = _words(line.partition("#")[0], number)
        for word in words:
            if word in lines:
                raise AliasError(number, f"{word!r} is in line {lines[word]} too")
            lines[word] = number
        found[mark].update((word, words[0]) for word in words[1:])
    return Aliases(tuple(found["="].items()), tuple(found["~"].items()))


def _words(line: str, number: int) -> tuple[str, list[str]]:
    """The mark and the words of a line, the one that is read first; none for an empty line."""
    mark = "~" if "~" in line else "="
    if not line.strip():
        return mark, []
    name, there, others = line.lower().partition(mark)
    words = [name.strip(), *others.split()]
    if not there or len(words) < 2:
        raise AliasError(number, "it is not of the form “Putin = Poutine Putine”")
    for word in words:
        if not _WORD.fullmatch(word):
            raise AliasError(number, f"{word!r} is not one word of letters")
    return mark, words


def merged(first: Aliases, second: Aliases) -> Aliases:
    """Both; where they say different things of a word, what the second says."""
    said = {word for pairs in second for pair in pairs for word in pair}
    kept = (tuple(pair for pair in pairs if pair[0] not in said) for pairs in first)
    return Aliases(*(_followed(dict(a + b)) for a, b in zip(kept, second, strict=True)))


def _followed(read_as: dict[str, str]) -> Pairs:
    """Each word with the end of its chain, should the second list read the first one's name otherwise."""

    def end(word: str) -> str:
        seen: set[str] = set()
        while word in read_as and word not in seen:
            seen.add(word)
            word = read_as[word]
        return word

    found = ((word, end(name)) for word, name in read_as.items())
    return tuple((word, name) for word, name in found if word != name)
