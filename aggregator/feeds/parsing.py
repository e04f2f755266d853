"""Bytes -> ParsedFeed: RSS, Atom, RDF and JSON Feed, as publishers write them.

Promises: a `ParsedFeed` or a `ParseError`, for any bytes; the same bytes give the same guids and hashes. A
document is not refused for its faults: what can be read of it is read. Nothing is fetched, no entity is
expanded, no file is opened.
Refuses to clean: `summary` and `content` are as the publisher wrote them, and unsafe. The time is not
bounded here: foreign documents are read in a child process that can be stopped.
"""

from __future__ import annotations

import re
from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING, NamedTuple
from xml.sax import SAXException
from xml.sax.saxutils import unescape

import feedparser

from aggregator.errors import MalformedFeed, NotAFeed
from aggregator.feeds.authors import shorten_authors
from aggregator.feeds.charsets import decode
from aggregator.feeds.extras import raw_details
from aggregator.feeds.fields import Fields, dict_of, dicts_of, text_of
from aggregator.feeds.items import HASH_BYTES, Parts, split_items
from aggregator.feeds.jsonfeed import read_json_feed
from aggregator.feeds.normalizing import RawEntry, RawFeed, normalize, time_to_live
from aggregator.feeds.plainitems import read_items
from aggregator.feeds.values import Kind, as_html, one_line
from aggregator.feeds.wishes import read_wishes
from aggregator.feeds.xmltext import prepare_xml

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from aggregator.domain import ParsedFeed

# What feedparser lets through when a document confuses it, found by feeding it 100,000 damaged feeds.
_PARSER_FAULTS = (AssertionError, LookupError, OverflowError, TypeError, ValueError)

_HTML_TYPES = {"text/html", "application/xhtml+xml"}
_HEADERS = {"content-type": "application/xml; charset=utf-8"}

# feedparser takes these for the description or, where there is one, for the content: the caption of a
# picture would be the article. Under names that it does not know they stay apart.
_SIDE_TEXT = re.compile(r"<(/?)(media:description|itunes:summary)(?=[\s/>])[^<>]*?(/?)>", re.IGNORECASE)
_SIDE_TEXT_KEYS = ("itunes_summary_aside", "media_description_aside")
# Modules of places and chapters that we do not read, and where feedparser fails most.
_FRAGILE = re.compile(r"<(/?)(geo|georss|gml|psc):", re.IGNORECASE)
_END = re.compile(r"</(?:[\w.-]{1,40}:)?(?:rss|feed|rdf)\s*>", re.IGNORECASE)
_END_OF_ALL = re.compile(r"</(?:[\w.-]{1,40}:)?(?:rss|feed|rdf|channel)\s*>", re.IGNORECASE)
_ENTRY_TAG = re.compile(r"<(/?)(?:[\w.-]{1,40}:)?(?:item|entry)(?=[\s/>])", re.IGNORECASE)
_TAIL_CHARS = 1_000

_SIGNATURES = (
    (b"%PDF", "a PDF file"),
    (b"\x89PNG", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"GIF8", "an image"),
    (b"RIFF", "an image or a sound"),
    (b"\x1f\x8b", "a compressed file"),
    (b"PK\x03\x04", "a compressed file"),
)
_ROOT_NAMES = {
    "html": "an HTML page",
    "body": "an HTML page",
    "head": "an HTML page",
    "opml": "an OPML file",
    "svg": "an image",
    "urlset": "a sitemap",
    "sitemapindex": "a sitemap",
}
_REASONS = {
    "empty": "is-empty",
    "a PDF file": "is-pdf",
    "an image": "is-image",
    "an image or a sound": "is-image",
    "a compressed file": "is-compressed",
    "an HTML page": "is-page",
    "an OPML file": "is-opml",
    "a sitemap": "is-sitemap",
    "a text without markup": "is-text",
}
_FIRST_TAG = re.compile(r"<!--.*?(?:-->|\Z)|<!doctype\s+(html)|<([a-z][\w.:-]*)", re.IGNORECASE | re.DOTALL)


def parse_feed(
    body: bytes, *, url: str, content_type: str, now: datetime, known_items: bytes = b""
) -> ParsedFeed:
    """The document that was found at `url`. Of its Content-Type only the charset counts.

    `known_items` are the `item_hashes` of an earlier document of this feed: what was in it, byte for byte, is
    left out. Raises `NotAFeed` (with what it is instead) and `MalformedFeed`.
    """
    text = decode(body, content_type)
    raw, read = _read_text(text, body, url, known_items)
    return replace(
        normalize(raw, url=url, now=now),
        item_hashes=b"".join(read.hashes),
        left_out=read.left_out,
        whole=read.whole,
        wishes=read_wishes(text, url=url),
    )


def read_document(body: bytes, *, url: str, content_type: str) -> RawFeed:
    """The same as its format says it."""
    return _read_text(decode(body, content_type), body, url, b"")[0]


class _Read(NamedTuple):
    """The hashes of all items, the guids of those that are left out, whether the document has its end."""

    hashes: tuple[bytes, ...] = ()
    left_out: frozenset[str] = frozenset()
    whole: bool = True


def _read_text(text: str, body: bytes, url: str, known_items: bytes) -> tuple[RawFeed, _Read]:
    if text.lstrip("\ufeff\0 \t\r\n").startswith(("{", "[")):
        return read_json_feed(text.strip("\ufeff\0 \t\r\n"), url=url), _Read()
    xml = prepare_xml(text) or ""
    document, hashes, left_out = _read_document(xml, known_items, url)
    if not (document.get("version") or document.get("entries") or _is_empty_cdf(xml, document)):
        what = _what_it_is(body, text)
        raise NotAFeed(url, f"it is {what}").because(_REASONS.get(what, "is-other"))
    whole = _END_OF_ALL.search(text, max(0, len(text) - _TAIL_CHARS)) is not None
    return _feed(document), _Read(hashes, left_out, whole)


def _read_document(
    xml: str, known_items: bytes, url: str
) -> tuple[Fields, tuple[bytes, ...], frozenset[str]]:
    """What feedparser would make of it, less the items that are known; the hashes of all its items, and the
    guids of those that are left out.

    Plain items are read in a faster way. No hash where the items cannot be told apart: all are read then.
    """
    xml = shorten_authors(_SIDE_TEXT.sub(r"<\1\2_aside\3>", xml))
    parts = split_items(xml)
    if parts is not None:
        hashes = parts.hashes()
        places = _new_places(parts, hashes, known_items)
        document = _read_parts(parts, places, url)
        if document is not None:
            return document, hashes, parts.guids(set(range(len(hashes))) - set(places))
    return _read_whole(xml, url), (), frozenset()


def _new_places(parts: Parts, hashes: tuple[bytes, ...], known_items: bytes) -> list[int]:
    """Where a guid stands twice, all are: which articles share it can only be told from all of them."""
    known = {known_items[at : at + HASH_BYTES] for at in range(0, len(known_items), HASH_BYTES)}
    if known and parts.repeats_a_guid():
        return list(range(len(hashes)))
    return [place for place, item in enumerate(hashes) if item not in known]


def _read_parts(parts: Parts, places: list[int], url: str) -> Fields | None:
    """None where feedparser sees other items than we do."""
    plain = read_items(parts.document(places), len(places)) if places else []
    found = dict(zip(places, plain, strict=True)) if plain is not None else dict.fromkeys(places)
    odd = [place for place, fields in found.items() if fields is None]
    document = _parse(parts.document(odd), url)
    entries = dicts_of(document, "entries")
    if len(entries) != len(odd):
        return None
    found.update(zip(odd, entries, strict=True))
    return {**document, "entries": list(found.values())}


def _read_whole(xml: str, url: str) -> Fields:
    document = _parse(xml, url) if xml else {}
    if _ends_inside_an_entry(xml):
        # The last one may have lost its guid, and would come again under it. The next document has it whole.
        document = {**document, "entries": dicts_of(document, "entries")[:-1]}
    return document


def _is_empty_cdf(xml: str, document: Fields) -> bool:
    """The Channel Definition Format, which feedparser knows by its items alone."""
    return xml[:8].lower() == "<channel" and bool(text_of(dict_of(document, "feed"), "title", "link"))


def _ends_inside_an_entry(xml: str) -> bool:
    if _END.search(xml, len(xml) - _TAIL_CHARS):
        return False
    is_end = [bool(slash) for slash in _ENTRY_TAG.findall(xml)]
    return bool(is_end) and not is_end[-1]


def _parse(xml: str, url: str) -> Fields:
    """What feedparser makes of it. It is told no address: it would make one of a guid that is none."""
    try:
        return _run_feedparser(xml)
    except _PARSER_FAULTS:
        pass
    try:
        return _run_feedparser(_FRAGILE.sub(r"<\1\2-", xml))
    except _PARSER_FAULTS as error:
        raise MalformedFeed(url, "it confuses the parser") from error


def _run_feedparser(xml: str) -> Fields:
    document: Fields = feedparser.parse(
        BytesIO(xml.encode()), response_headers=_HEADERS, sanitize_html=False, resolve_relative_uris=False
    )
    if isinstance(document.get("bozo_exception"), SAXException):
        _decode_references(document)
    return document


def _decode_references(document: Fields) -> None:
    """In what is not well-formed feedparser leaves them in addresses: a guid would change with each fault."""
    feed = dict_of(document, "feed")
    feed["link"] = text_of(feed, "link").replace("&amp;", "&").replace("&amp", "&")
    for entry in dicts_of(document, "entries"):
        for key in ("id", "comments"):
            if text := text_of(entry, key):
                entry[key] = unescape(text, {"&quot;": '"', "&apos;": "'"})


def _feed(document: Fields) -> RawFeed:
    is_atom = text_of(document, "version").startswith("atom")
    feed = dict_of(document, "feed")
    author = _author(feed) if is_atom else ""  # RFC 4287, 4.2.1: of the entries that name none
    period, frequency = text_of(feed, "sy_updateperiod"), text_of(feed, "sy_updatefrequency")
    return RawFeed(
        title=_line(feed, "title", is_atom),
        link=text_of(feed, "link") or next(_alternates(feed), ""),
        description=_line(feed, "subtitle", is_atom) or one_line(text_of(feed, *_SIDE_TEXT_KEYS), "guess"),
        language=text_of(feed, "language"),
        time_to_live=time_to_live(minutes=text_of(feed, "ttl"), period=period, frequency=frequency),
        entries=tuple(_entry(entry, is_atom, author) for entry in dicts_of(document, "entries")),
    )


def _entry(entry: Fields, is_atom: bool, feed_author: str) -> RawEntry:
    contents = [content for content in dicts_of(entry, "content") if _is_readable(content)]
    summary = {**dict_of(entry, "summary_detail"), "value": text_of(entry, "summary")}
    if any(summary["value"] == content.get("value") for content in contents):
        summary["value"] = ""  # feedparser's copy
    content = max((_html(content, is_atom) for content in contents), key=len, default="")
    return RawEntry(
        guid=text_of(entry, "id"),
        links=_links(entry),
        title=_line(entry, "title", is_atom),
        author=_author(entry) or feed_author,
        published=text_of(entry, "published", "created"),
        updated=text_of(entry, "updated"),
        summary=_html(summary, is_atom)
        or ("" if content else as_html(text_of(entry, *_SIDE_TEXT_KEYS), "guess")),
        content=content,
        base_url=next((base for part in (*contents, summary) if (base := text_of(part, "base"))), ""),
        details=raw_details(entry),
    )


def _is_readable(content: Fields) -> bool:
    """Is it text? Atom may carry any media type, in base64 (RFC 4287, 4.1.3)."""
    kind = text_of(content, "type")
    return kind in _HTML_TYPES or kind.startswith("text/") or "/" not in kind


def _html(part: Fields, is_atom: bool) -> str:
    value = text_of(part, "value")
    if text_of(part, "type") == "application/xhtml+xml":
        value = value.replace("</br>", "")  # feedparser's end of a <br/>; in HTML it is another <br>
    return as_html(value, _kind(part, is_atom))


def _line(fields: Fields, key: str, is_atom: bool) -> str:
    return one_line(text_of(fields, key), _kind(dict_of(fields, f"{key}_detail"), is_atom))


def _kind(part: Fields, is_atom: bool) -> Kind:
    """Atom says how a text is meant. RSS does not, and publishers put HTML anywhere."""
    if text_of(part, "type") in _HTML_TYPES:
        return "html"
    return "text" if is_atom else "guess"


def _links(entry: Fields) -> tuple[str, ...]:
    link = text_of(entry, "link")
    if link == text_of(entry, "id") and not link.startswith(("http://", "https://")):
        link = ""  # a guid that calls itself a permalink, and is none
    alternates = tuple(filter(None, _alternates(entry)))
    if alternates and any(
        text_of(other, "href") == link
        for other in dicts_of(entry, "links")
        if other.get("rel") == "enclosure"
    ):
        link = ""  # feedparser takes a file without `href` for the link
    return (text_of(entry, "feedburner_origlink"), link, *alternates)


def _alternates(fields: Fields) -> Iterator[str]:
    return (text_of(link, "href") for link in dicts_of(fields, "links") if link.get("rel") == "alternate")


def _author(fields: Fields) -> str:
    names = [text_of(person, "name", "email") for person in dicts_of(fields, "authors")]
    return one_line(", ".join(dict.fromkeys(filter(None, names))) or text_of(fields, "author"), "guess")


def _what_it_is(body: bytes, text: str) -> str:
    """In words, for the person who gave the address."""
    if not text.strip("\ufeff\0 \t\r\n"):
        return "empty"
    for signature, kind in _SIGNATURES:
        if body.startswith(signature):
            return kind
    tag = next((name for found in _FIRST_TAG.finditer(text) if (name := found[1] or found[2])), "")
    if not tag:
        return "a text without markup"
    return _ROOT_NAMES.get(tag.lower(), f"markup that begins with <{tag[:40]}>, no feed")
