"""XML whose authors have names of a length that feedparser can read.

It seeks an e-mail address in what it takes for an author, in a time that grows with the square of its length:
60,000 letters take 20 s. Promises: nothing else of the document changes. Linear.
"""

from __future__ import annotations

import re

MOST_CHARS = 3_000
"""Of an author: some papers have a hundred of them in one element."""

# CDATA and comments may hold such tags: they are matched first, and passed over.
_AUTHOR = re.compile(
    r"<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)"
    r"|<((?:[\w.-]{1,40}:)?(?:author|creator|managingeditor|publisher|webmaster))(?=[\s>])[^<>]*>",
    re.IGNORECASE | re.DOTALL,
)
_MOST_OPEN_NAMES = 50  # each costs a look at the rest of the document
_MARKUP = re.compile(r"<!\[CDATA\[|\]\]>|<[^<>]*>?")
_BROKEN_REFERENCE = re.compile(r"&[^&;]{0,40}\Z")


def shorten_authors(xml: str) -> str:
    """What is longer than `MOST_CHARS` is cut, and is text alone."""
    parts, done = [], 0
    open_ended: set[str] = set()
    for tag in _AUTHOR.finditer(xml):
        name = tag[1]
        if name is None or name in open_ended or tag.start() < done:
            continue
        end = xml.find(f"</{name}", tag.end())
        if end < 0:
            open_ended.add(name)
            if len(open_ended) > _MOST_OPEN_NAMES:
                break
        elif end - tag.end() > MOST_CHARS:
            parts += [xml[done : tag.end()], _shortened(xml[tag.end() : end])]
            done = end
    return "".join([*parts, xml[done:]])


def _shortened(markup: str) -> str:
    text = _MARKUP.sub("", markup[: 2 * MOST_CHARS])[:MOST_CHARS]
    return _BROKEN_REFERENCE.sub("", text)
