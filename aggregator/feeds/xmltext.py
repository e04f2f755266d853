"""Text -> XML that a parser can be trusted with.

Promises: the document begins at its root element; no DTD is left, so that nothing can be expanded or
fetched (billion laughs, XXE); every `&` outside CDATA is a reference of XML's own; no character that XML
forbids. What real feeds get wrong and would cost the whole document (a bare `&`, `&nbsp;` without its DTD,
a control character, a PHP warning in front) is repaired here. Every pass is linear.
Refuses what has no root element of a feed.
"""

from __future__ import annotations

import re
from html import unescape
from html.entities import html5
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# A comment may mention a root element: it is matched first, and passed over.
_ROOT = re.compile(
    r"<!--.*?(?:-->|\Z)|<(?:[\w.-]{1,40}:)?(rss|feed|rdf|channel)(?=[\s>/])", re.IGNORECASE | re.DOTALL
)
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # XML 1.0, 2.2
_AMPERSAND = re.compile(
    r"&(?!(?:amp|lt|gt|quot|apos);)(?:(\w{1,31}|#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6});)?", re.ASCII
)

# A declaration in the DTD that needs no expansion of its own.
_ENTITY = re.compile(r"<!ENTITY\s+(\w{1,31})\s+[\"'](&#\w{1,8};|[^\"'&%<>]{0,100})[\"']", re.ASCII)
_MAX_ENTITIES = 300
_MAX_DTD_CHARS = 100_000


def prepare_xml(text: str) -> str | None:
    """The document from its root element on, repaired; None where no feed begins anywhere."""
    text = _FORBIDDEN.sub("", text)
    root = next((found.start() for found in _ROOT.finditer(text) if found[1]), None)
    if root is None:
        return None
    entities = _declared_entities(text[: min(root, _MAX_DTD_CHARS)])
    parts = _cdata(text, root)
    return "".join(_repaired(text[start:end], entities) + text[end:after] for start, end, after in parts)


def _cdata(text: str, start: int) -> Iterator[tuple[int, int, int]]:
    """Markup from `start` to the next CDATA section, and where that ends; so on to the end of the text."""
    while start < len(text):
        section = text.find("<![CDATA[", start)
        end = section if section >= 0 else len(text)
        closing = text.find("]]>", end)
        after = closing + len("]]>") if closing >= 0 else len(text)
        yield start, end, after
        start = after


def _declared_entities(prolog: str) -> dict[str, str]:
    return {name: unescape(value) for name, value in _ENTITY.findall(prolog)[:_MAX_ENTITIES]}


def _repaired(markup: str, entities: Mapping[str, str]) -> str:
    """Markup outside CDATA, where an unknown or forbidden reference would end the document."""

    def reference(found: re.Match[str]) -> str:
        name = found[1]
        if name is None:
            return "&amp;"
        if name[0] == "#":
            return found[0].lower() if _is_allowed(name[1:].lower()) else ""
        return escape(entities.get(name) or html5.get(f"{name};") or found[0])

    return _AMPERSAND.sub(reference, markup)


def _is_allowed(digits: str) -> bool:
    """Is it a character of XML (1.0, 2.2)?"""
    code = int(digits[1:], 16) if digits[0] == "x" else int(digits)
    return code <= 0x10FFFF and not _FORBIDDEN.match(chr(code))
