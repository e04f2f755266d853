"""A document in parts: its items as they are written, and the rest.

So that what was read before need not be read again, and an odd item costs only itself.
Promises: the parts in their order are the document. Linear. Refuses (None) a document whose items cannot be
told apart for sure by their tags: a prefix before `item`, one within another, one that is not closed, a
comment or CDATA without its end.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import blake2b
from html import unescape
from itertools import chain, zip_longest
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

HASH_BYTES = 8

# CDATA and comments may hold such tags: they are matched first, and passed over.
_BOUNDARY = re.compile(
    r"<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)"
    r"|<(/?)((?:[\w.-]{1,40}:)?(?:item|entry))(?=[\s/>])([^<>]*)>",
    re.DOTALL,
)
_GUID = re.compile(r"<(guid|id)(?:\s[^<>]*)?>([^<]*|\s*<!\[CDATA\[[^<]*\]\]>\s*)</\1\s*>")
_NAMES = frozenset({"item", "entry"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """`between` has one element more than `items`: what stands before, between and after them."""

    items: tuple[str, ...]
    between: tuple[str, ...]

    def hashes(self) -> tuple[bytes, ...]:
        """One for each item, of what it says under the declarations of this document's root."""
        root = self.between[0].partition(">")[0].encode()
        return tuple(
            blake2b(item.encode(), digest_size=HASH_BYTES, salt=_salt(root)).digest() for item in self.items
        )

    def guids(self, wanted: Collection[int]) -> frozenset[str]:
        """What the items of these positions write as their guids, those that do."""
        return frozenset(guid for place in wanted if (guid := _written_guid(self.items[place])))

    def repeats_a_guid(self) -> bool:
        written = [guid for item in self.items if (guid := _written_guid(item))]
        return len(set(written)) < len(written)

    def document(self, wanted: Collection[int] = ()) -> str:
        """The document with the items of these positions alone."""
        kept = (item if place in wanted else "" for place, item in enumerate(self.items))
        return "".join(chain.from_iterable(zip_longest(self.between, kept, fillvalue="")))


def _written_guid(item: str) -> str:
    found = _GUID.search(item)
    if found is None:
        return ""
    text = found[2].strip()
    is_literal = text.startswith("<![CDATA[") and text.endswith("]]>")
    return text[9:-3].strip() if is_literal else unescape(text)


def _salt(root: bytes) -> bytes:
    return blake2b(root, digest_size=blake2b.SALT_SIZE).digest()


def split_items(xml: str) -> Parts | None:
    """The parts of a document that begins at its root element (see `xmltext`)."""
    spans = list(_spans(xml))
    if any(span is None for span in spans):
        return None
    found = [span for span in spans if span is not None]
    ends = [0, *(end for _, end in found)]
    starts = [*(start for start, _ in found), len(xml)]
    return Parts(
        items=tuple(xml[start:end] for start, end in found),
        between=tuple(xml[start:end] for start, end in zip(ends, starts, strict=True)),
    )


def _spans(xml: str) -> Iterator[tuple[int, int] | None]:
    """Where each item begins and ends; None for one that does not."""
    start, open_name = 0, ""
    for tag in _BOUNDARY.finditer(xml):
        slash, name, rest = tag.groups()
        if name is None:
            if not tag[0].endswith(("]]>", "-->")):
                yield None
            continue
        if bool(slash) != bool(open_name) or name not in _NAMES or rest.endswith("/"):
            yield None
        elif not slash:
            start, open_name = tag.start(), name
        elif name == open_name:
            yield start, tag.end()
            open_name = ""
        else:
            yield None
    if open_name:
        yield None
