"""Articles written as the RSS that a publisher would send, for tests and benchmarks."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections import defaultdict
from dataclasses import dataclass
from email.utils import format_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from aggregator.domain import Article

_CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """An article and its address, which is its guid too."""

    article: Article
    url: str


def by_source(items: Iterable[Item]) -> dict[str, list[Item]]:
    """The items of each source, newest first, as feeds have them."""
    found: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        found[item.article.source].append(item)
    for those in found.values():
        those.sort(key=_published, reverse=True)
    return dict(found)


def _published(item: Item) -> float:
    return item.article.published_at.timestamp() if item.article.published_at else 0.0


def as_rss(title: str, items: Sequence[Item]) -> bytes:
    root = ET.Element("rss", version="2.0")
    channel = ET.SubElement(root, "channel")
    _add(channel, "title", title)
    if items and items[0].article.language:
        _add(channel, "language", items[0].article.language)
    for item in items:
        _add_item(channel, item)
    return ET.tostring(root, encoding="utf-8", xml_declaration=True)


def _add_item(channel: ET.Element, item: Item) -> None:
    element, article = ET.SubElement(channel, "item"), item.article
    _add(element, "title", article.title)
    _add(element, "link", item.url)
    _add(element, "guid", item.url)
    _add(element, "description", article.summary)
    if article.content:
        _add(element, _CONTENT, article.content)
    if article.published_at:
        _add(element, "pubDate", format_datetime(article.published_at))


def _add(parent: ET.Element, tag: str, text: str) -> None:
    ET.SubElement(parent, tag).text = text
