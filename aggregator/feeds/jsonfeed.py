"""JSON Feed 1.0 and 1.1 (jsonfeed.org/version/1.1) -> a raw feed.

Promises: a field of the wrong type counts as absent; one bad item does not cost the others.
Refuses JSON that is no JSON Feed (`NotAFeed`) and what is no JSON at all (`MalformedFeed`).
"""

from __future__ import annotations

import json

from aggregator.errors import MalformedFeed, NotAFeed
from aggregator.feeds.details import RawDetails, RawFile
from aggregator.feeds.normalizing import RawEntry, RawFeed
from aggregator.feeds.values import as_html, one_line

_Fields = dict[str, object]


def read_json_feed(text: str, *, url: str) -> RawFeed:
    """The document as it says itself. Raises `ParseError`."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MalformedFeed(url, "it begins like JSON, but is not") from error
    if not isinstance(document, dict) or not _is_feed(document):
        raise NotAFeed(url, "it is JSON, but not a JSON Feed").because("is-json")
    return RawFeed(
        title=one_line(_text(document, "title"), "text"),
        link=_text(document, "home_page_url"),
        description=one_line(_text(document, "description"), "text"),
        language=_text(document, "language"),
        time_to_live=None,
        entries=tuple(_entry(item, _author(document)) for item in _objects(document, "items")),
    )


def _is_feed(document: _Fields) -> bool:
    """By its version; some write the number alone."""
    version = _text(document, "version")
    is_number = version in {"1", "1.0", "1.1"} and isinstance(document.get("items"), list)
    return is_number or "jsonfeed.org/version/" in version


def _entry(item: _Fields, feed_author: str) -> RawEntry:
    html, text = _text(item, "content_html"), _text(item, "content_text")
    return RawEntry(
        guid=_text(item, "id"),
        links=(_text(item, "url"), _text(item, "external_url")),
        title=one_line(_text(item, "title"), "text"),
        author=_author(item) or feed_author,
        published=_text(item, "date_published"),
        updated=_text(item, "date_modified"),
        summary=as_html(_text(item, "summary"), "text"),
        content=html or as_html(text, "text"),
        base_url="",
        details=_details(item),
    )


def _details(item: _Fields) -> RawDetails:
    tags = item.get("tags")
    pictures = (_text(item, "image"), _text(item, "banner_image"))
    return RawDetails(
        enclosures=tuple(_file(attachment) for attachment in _objects(item, "attachments")),
        pictures=tuple(RawFile(url=url) for url in pictures if url),
        categories=tuple(tag for tag in tags if isinstance(tag, str)) if isinstance(tags, list) else (),
    )


def _file(attachment: _Fields) -> RawFile:
    return RawFile(
        url=_text(attachment, "url"),
        type=_text(attachment, "mime_type"),
        title=_text(attachment, "title"),
        length=_text(attachment, "size_in_bytes"),
        duration=_text(attachment, "duration_in_seconds"),
    )


def _author(fields: _Fields) -> str:
    """1.1 has `authors`, 1.0 has `author`."""
    people = _objects(fields, "authors") or _objects({"author": [fields.get("author")]}, "author")
    return one_line(", ".join(name for person in people if (name := _text(person, "name"))), "text")


def _text(fields: _Fields, key: str) -> str:
    """A string, or a number that should have been one: ids are, in some feeds."""
    match fields.get(key):
        case str(text):
            return text
        case bool() | None:
            return ""
        case int(number) | float(number):
            return str(number)
    return ""


def _objects(fields: _Fields, key: str) -> list[_Fields]:
    value = fields.get(key)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
