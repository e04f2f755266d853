"""OPML files: bytes <-> outlines, nothing else.

Promises to read what other readers export and people publish, well-formed or not: every address of the
file comes back, in the file's order, as often as it stands there. Whether an address may be followed is
the caller's judgement: `|~/script.py`, `file:` and an empty address come back too, to be refused by name.
So does, of a well-formed file, an outline with a name alone: a feed whose address was lost, or an empty
folder.
Refuses a file above 20 MB, one of more than 100,000 outlines and one that holds no outline at all. No entity
is expanded, no DTD is read, nothing is fetched. What is nested deeper than the parser goes (256) joins the
category before it.
"""

from __future__ import annotations

import html
import re
from collections import Counter, deque
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime
from html.entities import html5
from typing import TYPE_CHECKING

from lxml import etree

from aggregator.domain import CategoryPath, Outline
from aggregator.errors import OpmlError
from aggregator.feeds.charsets import decode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_BYTES = 20_000_000
"""Of a file: a hundred thousand feeds."""

MAX_OUTLINES = 100_000
"""Of a file: each is looked at, and kept or shown with a reason. The largest real lists hold 1,300."""

_SPLIT_IT = "Split it into smaller files and import them one by one."

_READ = frozenset({"text", "title", "type", "category", "xmlurl", "htmlurl", "language"})

# XML 1.0, 2.2: what a document may not contain, escaped or not.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

# All that comes before the root. Possessive: a hostile prolog cannot make it backtrack.
_PROLOG = re.compile(
    r"\A(?:\s++|<\?(?>.*?\?>)|<!--(?>.*?-->)|<!DOCTYPE[^\[>]*+(?:\[(?>.*?\]\s*+>)|>))*+", re.DOTALL
)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_AMPERSAND = re.compile(r"&(#\d{1,7};|#[xX][0-9a-fA-F]{1,6};|[a-zA-Z]\w{1,31};)?")
_BEFORE_OUTLINE = re.compile(r"(?=<outline\b)", re.IGNORECASE)

# A value ends at the quote that the next attribute or the end of the tag follows, not at those within.
_LOOSE_VALUE = re.compile(
    r"""(?s)(?<=\s)([\w:.-]++\s*+=\s*+)(["'])(.*?)"""
    r"""(?:(\2)(?=\s*+(?:[\w:.-]++\s*+=\s*+["']|[/?]?>\s*+(?:<|\Z)))|\Z)"""
)
_LOOSE_ATTRIBUTE = re.compile(
    r"""(?<![\w:.-])(xmlurl|htmlurl|text|title)\s*+=\s*+("[^"]*"|'[^']*'|[^\s"'<>]+)""", re.IGNORECASE
)


def parse_opml(data: bytes) -> tuple[Outline, ...]:
    """The feeds of an OPML file in document order, duplicates included.

    An outline that should have an address and has none is returned with `url=""`. An OPML file without any
    outline gives `()`. Raises OpmlError, in a sentence, where there is no outline to be found.
    """
    if len(data) > MAX_BYTES:
        detail = f"The file is larger than {MAX_BYTES:,} bytes"
        raise OpmlError("", detail, advice=_SPLIT_IT).because("opml-too-large")
    text = _FORBIDDEN.sub("", decode(data))
    markup = _AMPERSAND.sub(_numeric_reference, _PROLOG.sub("", text))
    try:
        root = _tree(markup, recover=False)
        outlines, proof = tuple(_outlines(root, names_alone=True)), {"opml", "outline"}
    except etree.XMLSyntaxError:
        root = _tree(_repaired(markup), recover=True)
        found = tuple(_outlines(root, names_alone=False))  # repairs leave names of their own
        outlines, proof = _with_missed(found, tuple(_scanned(markup))), {"outline"}
    if not outlines and proof.isdisjoint(map(_name, root.iter())):
        raise _no_outline(data, text)
    if len(outlines) > MAX_OUTLINES:
        detail = f"The file holds more than {MAX_OUTLINES:,} feeds"
        raise OpmlError("", detail, advice=_SPLIT_IT).because("opml-too-many")
    return outlines


def _numeric_reference(ampersand: re.Match[str]) -> str:
    """Known references as numbers, so that HTML's names need no DTD; any other `&` is a bare one."""
    name = ampersand[1]
    if not name or (name[0] != "#" and name not in html5):
        return "&amp;" + (name or "")
    return "".join(f"&#{ord(char)};" for char in _legal(html.unescape(ampersand[0])))


def _tree(markup: str, *, recover: bool) -> etree._Element:
    """Within a root of ours, where no DTD can be declared and several documents may follow each other."""
    parser = etree.XMLParser(
        recover=recover, resolve_entities=False, no_network=True, huge_tree=False, remove_comments=True
    )
    try:
        return etree.fromstring(f"<file>{markup}</file>".encode(), parser)
    except etree.XMLSyntaxError as error:
        # It says nothing of the file, and a parser that recovers raises it too.
        if getattr(error, "code", None) == etree.ErrorTypes.ERR_NO_MEMORY:
            raise MemoryError from error
        raise


def _outlines(root: etree._Element, *, names_alone: bool) -> Iterator[Outline]:
    """Every feed below `root`, and where asked what has but a name.

    A loop and not a recursion: the depth is a stranger's choice.
    """
    todo: list[tuple[etree._Element, CategoryPath]] = [(root, ())]
    while todo:
        element, category = todo.pop()
        if _name(element) == "outline":
            attributes = _attributes(element)
            title = attributes.get("text") or attributes.get("title", "")
            has_children = len(element) > 0
            if _is_feed(attributes, has_children=has_children):
                yield _outline(attributes, title, category)
            elif title and not has_children and names_alone:
                yield Outline(url="", title=title, category=category)
            elif title:
                category = (*category, title)
        todo.extend((child, category) for child in reversed(element))


def _name(element: etree._Element) -> str:
    """Without its namespace, declared or not, and in lower case."""
    return re.split("[}:]", str(element.tag))[-1].lower()


def _attributes(element: etree._Element) -> dict[str, str]:
    """Those that we read, trimmed, by name in lower case; not `items()`, which is quadratic in lxml."""
    names = (name for name in map(str, element.keys()) if name.lower() in _READ)
    return {name.lower(): element.get(name, "").strip() for name in names}


def _is_feed(attributes: dict[str, str], *, has_children: bool) -> bool:
    """Some programs write `type="rss"` or an empty xmlUrl on folders too: then the children decide."""
    if has_children:
        return bool(attributes.get("xmlurl"))
    return "xmlurl" in attributes or attributes.get("type", "").lower() in ("rss", "atom")


def _outline(attributes: dict[str, str], title: str, folder: CategoryPath) -> Outline:
    url, site_url = attributes.get("xmlurl", ""), attributes.get("htmlurl") or None
    category = folder or _first_category(attributes.get("category", ""))
    language = attributes.get("language") or None
    return Outline(url=url, title=title, site_url=site_url, category=category, language=language)


def _first_category(attribute: str) -> CategoryPath:
    """OPML 2.0: paths separated by commas, names by slashes. We keep one."""
    paths = (tuple(filter(None, map(str.strip, path.split("/")))) for path in attribute.split(","))
    return next(filter(None, paths), ())


def _repaired(markup: str) -> str:
    return "".join(_LOOSE_VALUE.sub(_escaped_value, tag) for tag in _BEFORE_OUTLINE.split(markup))


def _escaped_value(value: re.Match[str]) -> str:
    name, _, text, end = value.groups()
    return f'{name}"{html.escape(html.unescape(text))}"' if end else value[0]


def _scanned(markup: str) -> Iterator[Outline]:
    """Every xmlUrl outside of comments, whatever the markup around it is worth."""
    head, end, tail = markup.rpartition("-->")  # an unclosed comment would make _COMMENT quadratic
    for tag in _BEFORE_OUTLINE.split(_COMMENT.sub("", head + end) + tail):
        pairs = [
            (name.lower(), html.unescape(value.strip("\"'")).strip())
            for name, value in _LOOSE_ATTRIBUTE.findall(tag)
        ]
        first = dict(reversed(pairs))
        title = first.get("text") or first.get("title", "")
        for url in (value for name, value in pairs if name == "xmlurl" and value):
            yield Outline(url=url, title=title, site_url=first.get("htmlurl") or None)


def _with_missed(found: tuple[Outline, ...], scanned: tuple[Outline, ...]) -> tuple[Outline, ...]:
    """`found`, and at their place those that only the scan saw, in the category of the one before."""
    missed = Counter(outline.url for outline in scanned) - Counter(outline.url for outline in found)
    left = deque(found)
    merged: list[Outline] = []
    for outline in scanned:
        if missed[outline.url] and not (left and left[0].url == outline.url):
            missed[outline.url] -= 1
            merged.append(replace(outline, category=merged[-1].category if merged else ()))
            continue
        while left:
            merged.append(left.popleft())
            if merged[-1].url == outline.url:
                break
    return (*merged, *left)


def _no_outline(data: bytes, text: str) -> OpmlError:
    root = re.match(r"<(?:!doctype\s+)?([\w:]+)", _PROLOG.sub("", text)[:1000], re.IGNORECASE)
    name = root[1].lower() if root else ""
    advice = "Export the list again as OPML from the program it comes from."
    if not text.strip():
        reason, detail = "opml-empty", "The file is empty"
    elif data.startswith((b"PK\x03\x04", b"\x1f\x8b")):
        reason, detail = "opml-archive", "The file is a compressed archive"
        advice = "Unpack it and import the OPML file in it."
    elif name in ("html", "head", "body"):
        reason, detail = "opml-page", "The file is a web page, not an OPML list of feeds"
        advice = "Download the OPML file itself, not the page that shows it."
    elif name in ("rss", "feed") or "http://purl.org/rss/1.0/" in text[:1000]:
        reason, detail = "opml-feed", "The file is a feed, not an OPML list of feeds"
        advice = "Subscribe to its address instead."
    elif name:
        reason, detail = "opml-no-outline", "The file holds no OPML outline"
    else:
        reason, detail = "opml-other", "The file is neither OPML nor any other XML"
    return OpmlError("", detail, advice=advice).because(reason)


def write_opml(outlines: Iterable[Outline], *, title: str, created_at: datetime) -> bytes:
    """An OPML 2.0 file in UTF-8; a folder stands where its first feed stands, feeds keep their order.

    `created_at` is aware. Characters that XML forbids are dropped; all else comes back from `parse_opml`
    as it was, but for spaces around names.
    """
    root = etree.Element("opml", version="2.0")
    head = etree.SubElement(root, "head")
    etree.SubElement(head, "title").text = _legal(title)
    etree.SubElement(head, "dateCreated").text = format_datetime(created_at.astimezone(UTC), usegmt=True)
    folders: dict[CategoryPath, etree._Element] = {(): etree.SubElement(root, "body")}
    for outline in outlines:
        etree.SubElement(_folder(outline.category, folders), "outline", _feed_attributes(outline))
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)


def _folder(path: CategoryPath, folders: dict[CategoryPath, etree._Element]) -> etree._Element:
    for depth, name in enumerate(map(_legal, path), start=1):
        if path[:depth] not in folders:
            parent = folders[path[: depth - 1]]
            folders[path[:depth]] = etree.SubElement(parent, "outline", {"text": name, "title": name})
    return folders[path]


def _feed_attributes(outline: Outline) -> dict[str, str]:
    title = _legal(outline.title)
    attributes = {"type": "rss", "text": title, "title": title, "xmlUrl": _legal(outline.url)}
    more = {"htmlUrl": outline.site_url, "language": outline.language}
    return attributes | {name: _legal(value) for name, value in more.items() if value}


def _legal(text: str) -> str:
    return _FORBIDDEN.sub("", text)
