"""What feedparser found in an entry beside its texts -> raw details."""

from __future__ import annotations

from aggregator.feeds.details import RawDetails, RawFile
from aggregator.feeds.fields import Fields, dict_of, dicts_of, text_of


def raw_details(entry: Fields) -> RawDetails:
    links = dicts_of(entry, "links")
    source = dict_of(entry, "source")
    image = dict_of(entry, "image")
    return RawDetails(
        enclosures=tuple(_file(link) for link in links if link.get("rel") == "enclosure"),
        media=tuple(_file(media) for media in dicts_of(entry, "media_content")),
        thumbnails=tuple(_file(thumbnail) for thumbnail in dicts_of(entry, "media_thumbnail")),
        pictures=(_file(image),) if text_of(image, "href") else (),
        duration=text_of(entry, "itunes_duration"),
        categories=tuple(text_of(tag, "label", "term") for tag in dicts_of(entry, "tags")),
        comments=text_of(entry, "comments") or _replies(links),
        source_title=text_of(source, "title"),
        source_link=text_of(source, "link", "href"),
    )


def _file(fields: Fields) -> RawFile:
    return RawFile(
        url=text_of(fields, "href", "url"),
        type=text_of(fields, "type"),
        medium=text_of(fields, "medium"),
        title=text_of(fields, "title"),
        length=text_of(fields, "length", "filesize"),
        duration=text_of(fields, "duration"),
        width=text_of(fields, "width"),
    )


def _replies(links: list[Fields]) -> str:
    """RFC 4685, 4. feedparser says text/html where the document says no type."""
    pages = (
        text_of(link, "href")
        for link in links
        if link.get("rel") == "replies" and "html" in text_of(link, "type")
    )
    return next(filter(None, pages), "")
