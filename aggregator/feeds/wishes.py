"""What a document asks of those who fetch it: hours and days to be left alone, and the hub that pushes it.

Promises: pure functions of the document's text, in linear time; what makes no sense counts as not said. Only
what stands outside the entries is read: an article about feeds asks for nothing.
Refuses `<ttl>`, which the reader of the format knows.
"""

from __future__ import annotations

import json
import re
from html import unescape

from aggregator.domain import NO_WISHES, SkippedTimes, Wishes
from aggregator.feeds.values import web_address

_MAX_CHARS = 100_000
_FIRST_ENTRY = re.compile(r"<(?:[\w.-]{1,40}:)?(?:item|entry)[\s>]", re.IGNORECASE)
_LAST_ENTRY = re.compile(r"</(?:[\w.-]{1,40}:)?(?:item|entry)\s*>", re.IGNORECASE)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_SKIP_HOURS = re.compile(r"<skiphours\s*>(.{0,2000}?)</skiphours\s*>", re.IGNORECASE | re.DOTALL)
_SKIP_DAYS = re.compile(r"<skipdays\s*>(.{0,1000}?)</skipdays\s*>", re.IGNORECASE | re.DOTALL)
_HOUR = re.compile(r"<hour\s*>\s*([0-9]{1,2})\s*<", re.IGNORECASE)
_DAY = re.compile(r"<day\s*>\s*([a-z]{6,9})\s*<", re.IGNORECASE)
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_LINK = re.compile(r"<(?:[\w.-]{1,40}:)?link\s([^<>]{1,4000})>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""\b(rel|href)\s*=\s*(?:"([^"<>]*)"|'([^'<>]*)')""", re.IGNORECASE)


def read_wishes(text: str, *, url: str) -> Wishes:
    """`text` is the decoded document that was found at `url`."""
    if text.lstrip("\ufeff\0 \t\r\n").startswith("{"):
        return _of_json(text, url)
    around = _COMMENT.sub("", _around_entries(text))
    links = _links(around)
    hub = links.get("hub")
    return Wishes(
        skipped=_skipped(around),
        hub_url=web_address(hub, url) if hub else None,
        topic_url=web_address(links.get("self", ""), url) if hub else None,
    )


def _around_entries(text: str) -> str:
    first = _FIRST_ENTRY.search(text)
    if first is None:
        return text[:_MAX_CHARS]
    tail = text[max(first.start(), len(text) - _MAX_CHARS) :]
    end = max((found.end() for found in _LAST_ENTRY.finditer(tail)), default=len(tail))
    return text[: min(first.start(), _MAX_CHARS)] + tail[end:]


def _skipped(around: str) -> SkippedTimes | None:
    hours = {
        int(hour) % 24 for hour in _inside(_SKIP_HOURS, _HOUR, around) if int(hour) <= 24
    }  # 0.91: 1 to 24
    days = {_DAYS.index(day.lower()) for day in _inside(_SKIP_DAYS, _DAY, around) if day.lower() in _DAYS}
    return SkippedTimes(hours=frozenset(hours), weekdays=frozenset(days)) if hours or days else None


def _inside(outer: re.Pattern[str], inner: re.Pattern[str], text: str) -> list[str]:
    found = outer.search(text)
    return inner.findall(found[1]) if found else []


def _links(around: str) -> dict[str, str]:
    """rel → href, the first of each."""
    found: dict[str, str] = {}
    for attributes in _LINK.findall(around):
        said = {name.lower(): one or other for name, one, other in _ATTRIBUTE.findall(attributes)}
        for rel in said.get("rel", "").lower().split():
            found.setdefault(rel, unescape(said.get("href", "")))
    return found


def _of_json(text: str, url: str) -> Wishes:
    """JSON Feed 1.1: `hubs`, and `feed_url` for the topic."""
    try:
        document = json.loads(text.strip("\ufeff\0 \t\r\n"))
    except (ValueError, RecursionError):
        return NO_WISHES
    if not isinstance(document, dict):
        return NO_WISHES
    hubs, topic = document.get("hubs"), document.get("feed_url")
    for hub in hubs if isinstance(hubs, list) else ():
        if isinstance(hub, dict) and str(hub.get("type", "")).lower() == "websub":
            hub_url = web_address(str(hub.get("url", "")), url)
            return Wishes(hub_url=hub_url, topic_url=web_address(str(topic or ""), url) if hub_url else None)
    return NO_WISHES
