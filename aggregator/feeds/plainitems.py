"""Items of plain shape -> what feedparser makes of them, in a tenth of its time.

Nearly all that publishers write is a handful of elements that hold text. What feedparser would make of them
is a few lines; what it makes of the rest (markup within elements, an xml:base, a title that looks like HTML,
a module that renames others' elements…) is not repeated here: such an item is refused, and left to it.
Promises: of an item that is not refused, the same fields, as far as we read them (a test compares the two on
every feed it has).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from xml.etree.ElementTree import Element

    from aggregator.feeds.fields import Fields

_ATOM = "{http://www.w3.org/2005/Atom}"
_CONTENT = "{http://purl.org/rss/1.0/modules/content/}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_ITUNES = "{http://www.itunes.com/dtds/podcast-1.0.dtd}"
_MEDIA = "{http://search.yahoo.com/mrss/}"
_ORIGINAL_LINK = "{http://rssnamespace.org/feedburner/ext/1.0}origLink"
# Modules without a say in what we read.
_SILENT = (
    "{http://wellformedweb.org/CommentAPI/}",
    "{http://purl.org/rss/1.0/modules/slash/}",
    "{http://madskills.com/public/xml/rss/module/trackback/}",
)

# feedparser makes an address of what should be one; of these it makes what is written.
_ADDRESS = re.compile(r"https?://[^/\s&;][^\s;]*")
_IDENTIFIER = re.compile(r"(?:https?://[^/\s]|tag:[\w.,-]|urn:[\w.-])\S*", re.IGNORECASE)
_PERHAPS_HTML = re.compile(r"</\w+>|&#?\w+;")
_C1 = re.compile("[\x80-\x9f]")
_NOT_JUST_A_NAME = re.compile("[@()<>&]")
_TEXT_TYPES = {
    None: "text/plain",
    "text": "text/plain",
    "plain": "text/plain",
    "text/plain": "text/plain",
    "html": "text/html",
    "text/html": "text/html",
}


class _NotPlainError(Exception):
    """It is left to feedparser."""


def read_items(document: str, count: int) -> list[Fields | None] | None:
    """The fields of each of the `count` items in this document, None for those that are not plain.

    None for all of them where the document is not well-formed, or not a plain RSS 2.0 or Atom document.
    """
    try:
        root = ET.fromstring(document)  # noqa: S314 (no DTD is left; see `xmltext`)
    except ET.ParseError:
        return None
    match root.tag:
        case "rss":
            channel = root.find("channel")
            parents: list[ET.Element | None] = [root, channel]
            items, read = root.findall("channel/item"), _rss_item
        case "{http://www.w3.org/2005/Atom}feed":
            parents, items, read = [root], root.findall(f"{_ATOM}entry"), _atom_entry
        case _:
            return None
    if len(items) != count or any(_sets_a_base(parent) for parent in parents):
        return None
    return [_plain(item, read) for item in items]


def _sets_a_base(element: Element | None) -> bool:
    return element is None or any(name.endswith("base") for name in element.attrib)


def _plain(item: Element, read: Callable[[Element], Fields]) -> Fields | None:
    try:
        return read(item) if not item.attrib else None
    except _NotPlainError:
        return None


# ── RSS ──────────────────────────────────────────────────────────────────────────────────────────


def _rss_item(item: Element) -> Fields:
    entry: Fields = {}
    for element in item:
        name = element.tag
        if name in _RSS:
            _RSS[name](entry, element)
        elif not name.startswith(_SILENT) or len(element):
            raise _NotPlainError(name)
    if "summary" not in entry and "content" in entry:
        entry["summary"] = entry["content"][0]["value"]
    return entry


def _title(entry: Fields, element: Element) -> None:
    value = _text(element)
    if _PERHAPS_HTML.search(value):
        raise _NotPlainError("title")
    _set_detailed(entry, "title", value, "text/plain")


def _description(entry: Fields, element: Element) -> None:
    _set_detailed(entry, "summary", _text(element), "text/html")


def _encoded(entry: Fields, element: Element) -> None:
    _set(entry, "content", [{"type": "text/html", "value": _text(element)}])


def _link(entry: Fields, element: Element) -> None:
    address, links = _address(_text(element)), entry.setdefault("links", [])
    if any(link["rel"] == "alternate" for link in links):
        raise _NotPlainError("link")
    entry["link"] = address
    links.append({"rel": "alternate", "type": "text/html", "href": address})


def _guid(entry: Fields, element: Element) -> None:
    kind = element.attrib.get("isPermaLink", "true")
    if set(element.attrib) - {"isPermaLink"}:
        raise _NotPlainError("guid")
    value = _value(element)
    if kind == "true":
        value = _identifier(value)
        entry.setdefault("link", value)
    _set(entry, "id", value)


def _named(key: str) -> Callable[[Fields, Element], None]:
    """An element that is its text."""

    def read(entry: Fields, element: Element) -> None:
        _set(entry, key, _text(element))

    return read


def _comments(entry: Fields, element: Element) -> None:
    _set(entry, "comments", _address(_text(element)))


def _creator(entry: Fields, element: Element) -> None:
    """Names are told from addresses by a long expression; here there is only a name."""
    name = _text(element)
    if _NOT_JUST_A_NAME.search(name):
        raise _NotPlainError("author")
    entry.setdefault("authors", []).append({"name": name} if name else {})
    entry["author"] = name


def _category(entry: Fields, element: Element) -> None:
    term, scheme = _value(element), element.attrib.get("domain")
    if set(element.attrib) - {"domain"} or (scheme and not term):
        raise _NotPlainError("category")
    _add_tag(entry, {"term": term or None, "scheme": scheme or None, "label": None}, again=bool(scheme))


def _enclosure(entry: Fields, element: Element) -> None:
    if _value(element):
        raise _NotPlainError("enclosure")
    said = _attributes(element)
    address = said.pop("url", None) or said.pop("href", None)
    if not address or "uri" in said or "href" in said:
        raise _NotPlainError("enclosure")
    entry.setdefault("links", []).append({**said, "href": address, "rel": "enclosure"})


def _media(key: str) -> Callable[[Fields, Element], None]:
    """A picture or a film, told by its attributes."""

    def read(entry: Fields, element: Element) -> None:
        if _value(element) or not element.attrib:
            raise _NotPlainError(key)
        entry.setdefault(key, []).append(_attributes(element))

    return read


def _picture(entry: Fields, element: Element) -> None:
    if _value(element) or element.attrib.keys() != {"href"}:
        raise _NotPlainError("image")
    _set(entry, "image", {"href": element.attrib["href"]})


def _silent(_: Fields, element: Element) -> None:
    """It says nothing that we read."""
    _text(element)


_RSS: Mapping[str, Callable[[Fields, Element], None]] = {
    "title": _title,
    "link": _link,
    "description": _description,
    "guid": _guid,
    "pubDate": _named("published"),
    "author": _creator,
    "category": _category,
    "comments": _comments,
    "enclosure": _enclosure,
    f"{_CONTENT}encoded": _encoded,
    f"{_DC}creator": _creator,
    f"{_DC}date": _named("updated"),
    f"{_ITUNES}author": _creator,
    f"{_ITUNES}duration": _named("itunes_duration"),
    f"{_ITUNES}episode": _silent,
    f"{_ITUNES}episodeType": _silent,
    f"{_ITUNES}explicit": _silent,
    f"{_ITUNES}image": _picture,
    f"{_ITUNES}season": _silent,
    f"{_ITUNES}subtitle": _silent,
    f"{_ITUNES}summary_aside": _named("itunes_summary_aside"),
    f"{_ITUNES}title": _silent,
    f"{_MEDIA}content": _media("media_content"),
    f"{_MEDIA}thumbnail": _media("media_thumbnail"),
    _ORIGINAL_LINK: _named("feedburner_origlink"),
}


# ── Atom ─────────────────────────────────────────────────────────────────────────────────────────


def _atom_entry(item: Element) -> Fields:
    entry: Fields = {}
    for element in item:
        if element.tag not in _ATOM_READERS:
            raise _NotPlainError(element.tag)
        _ATOM_READERS[element.tag](entry, element)
    if "summary" not in entry and "content" in entry:
        entry["summary"] = entry["content"][0]["value"]
    return entry


def _typed(key: str) -> Callable[[Fields, Element], None]:
    def read(entry: Fields, element: Element) -> None:
        _set_detailed(entry, key, _value(element), _type(element))

    return read


def _atom_content(entry: Fields, element: Element) -> None:
    kind = _type(element)
    _set(entry, "content", [{"type": kind, "value": _value(element)}])


def _type(element: Element) -> str:
    kind = element.attrib.get("type")
    if set(element.attrib) - {"type"} or (kind or "text").lower() not in _TEXT_TYPES:
        raise _NotPlainError("type")
    return _TEXT_TYPES[(kind or "text").lower()]


def _atom_link(entry: Fields, element: Element) -> None:
    said = _attributes(element)
    if _value(element) or {"url", "uri"} & said.keys() or "href" not in said:
        raise _NotPlainError("link")
    said.setdefault("rel", "alternate")
    said.setdefault("type", "application/atom+xml" if said["rel"] == "self" else "text/html")
    said["href"] = _address(said["href"])
    entry.setdefault("links", []).append(said)
    if said["rel"] == "alternate" and said["type"] in {"text/html", "application/xhtml+xml", "html", "xhtml"}:
        entry["link"] = said["href"]


def _atom_id(entry: Fields, element: Element) -> None:
    value = _identifier(_text(element))
    entry.setdefault("link", value)
    _set(entry, "id", value)


def _atom_author(entry: Fields, element: Element) -> None:
    if element.attrib or (element.text or "").strip():
        raise _NotPlainError("author")
    person = {}
    for part in element:
        key = {f"{_ATOM}name": "name", f"{_ATOM}email": "email", f"{_ATOM}uri": "href"}.get(part.tag)
        if key is None or key in person or (part.tail or "").strip():
            raise _NotPlainError("author")
        if len(part) or part.attrib:
            raise _NotPlainError("author")
        person[key] = (part.text or "").strip()
    if not person:
        raise _NotPlainError("author")
    entry.setdefault("authors", []).append(person)


def _atom_category(entry: Fields, element: Element) -> None:
    said = _attributes(element)
    if _value(element) or said.keys() - {"term", "scheme", "label"} or not said:
        raise _NotPlainError("category")
    _add_tag(entry, {key: said.get(key) for key in ("term", "scheme", "label")})


_ATOM_READERS: Mapping[str, Callable[[Fields, Element], None]] = {
    f"{_ATOM}title": _typed("title"),
    f"{_ATOM}link": _atom_link,
    f"{_ATOM}id": _atom_id,
    f"{_ATOM}published": _named("published"),
    f"{_ATOM}updated": _named("updated"),
    f"{_ATOM}summary": _typed("summary"),
    f"{_ATOM}content": _atom_content,
    f"{_ATOM}author": _atom_author,
    f"{_ATOM}category": _atom_category,
}


# ── what both have in common ─────────────────────────────────────────────────────────────────────


def _set(entry: Fields, key: str, value: object) -> None:
    if key in entry:
        raise _NotPlainError(key)  # the second one may win, or not
    entry[key] = value


def _set_detailed(entry: Fields, key: str, value: str, kind: str) -> None:
    _set(entry, key, value)
    entry[f"{key}_detail"] = {"type": kind, "value": value}


def _add_tag(entry: Fields, tag: Fields, *, again: bool = False) -> None:
    tags = entry.setdefault("tags", [])
    if any(tag.values()) and (again or tag not in tags):
        tags.append(tag)


def _attributes(element: Element) -> Fields:
    """Their names in lower case, as the values of `rel` and `type`."""
    if any(name.startswith("{") or name.lower() == "base" for name in element.attrib):
        raise _NotPlainError(element.tag)
    said = {name.lower(): value for name, value in element.attrib.items()}
    return {name: value.lower() if name in {"rel", "type"} else value for name, value in said.items()}


def _text(element: Element) -> str:
    """The text of an element without attributes."""
    if element.attrib:
        raise _NotPlainError(element.tag)
    return _value(element)


def _value(element: Element) -> str:
    if len(element):
        raise _NotPlainError(element.tag)
    text = (element.text or "").strip()
    if text.isascii():
        return text
    if _C1.search(text):
        raise _NotPlainError(element.tag)  # windows-1252 that says it is Latin-1
    try:
        return text.encode("iso-8859-1").decode("utf-8")  # UTF-8 that was taken for Latin-1 once
    except UnicodeError:
        return text


def _address(text: str) -> str:
    if not _ADDRESS.fullmatch(text):
        raise _NotPlainError("address")
    return text


def _identifier(text: str) -> str:
    if not _IDENTIFIER.fullmatch(text):
        raise _NotPlainError("id")
    return text
