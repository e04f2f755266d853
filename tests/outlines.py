"""OPML files for tests, and the short of what is read from them."""

from __future__ import annotations

from aggregator.feeds.opml import parse_opml


def opml(body: str) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?><opml version="2.0"><body>{body}</body></opml>'.encode()


def urls(data: bytes) -> list[str]:
    return [outline.url for outline in parse_opml(data)]
