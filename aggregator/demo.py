"""The demonstration: sample feeds that ship with the program, served from loopback into a throw-away library.

The samples are written for this program; outlets and people are invented. Their articles carry ages, not
dates, so that the demonstration always looks like this fortnight's news.
"""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from threading import Thread
from typing import TYPE_CHECKING, Any

from aggregator.domain import Outline

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_ATOM = "http://www.w3.org/2005/Atom"
_CONTENT = "http://purl.org/rss/1.0/modules/content/"


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleFeed:
    """A document ready to be served. `path` is its place on the server."""

    path: str
    title: str
    category: str
    content_type: str
    body: bytes


def sample_feeds(now: datetime) -> tuple[SampleFeed, ...]:
    """Every sample that ships, with dates counted back from `now`."""
    folder = files("config") / "samples"
    sources = sorted((item for item in folder.iterdir() if item.name.endswith(".json")), key=lambda i: i.name)
    return tuple(_document(json.loads(source.read_text(encoding="utf-8")), now) for source in sources)


def _document(feed: Mapping[str, Any], now: datetime) -> SampleFeed:
    writer, content_type = {
        "rss": (_rss, "application/rss+xml"),
        "atom": (_atom, "application/atom+xml"),
        "json": (_json_feed, "application/feed+json"),
    }[feed["format"]]
    articles = sorted(feed["articles"], key=lambda article: float(article["hours_before"]))
    return SampleFeed(
        path=f"/{feed['slug']}",
        title=feed["title"],
        category=feed["category"],
        content_type=content_type,
        body=writer(feed, articles, now),
    )


def _site(feed: Mapping[str, Any]) -> str:
    return f"https://{feed['slug']}.example/"


def _moment(article: Mapping[str, Any], now: datetime) -> datetime:
    return (now - timedelta(hours=article["hours_before"])).replace(microsecond=0)


def _add(parent: ET.Element, tag: str, text: str = "", **attributes: str) -> ET.Element:
    element = ET.SubElement(parent, tag, attributes)
    element.text = text or None
    return element


def _rss(feed: Mapping[str, Any], articles: list[Mapping[str, Any]], now: datetime) -> bytes:
    root = ET.Element("rss", version="2.0")
    channel = _add(root, "channel")
    for tag in ("title", "description", "language"):
        _add(channel, tag, feed[tag])
    _add(channel, "link", _site(feed))
    for article in articles:
        item = _add(channel, "item")
        _add(item, "title", article["title"])
        _add(item, "link", _site(feed) + article["slug"])
        _add(item, "guid", _site(feed) + article["slug"])
        _add(item, "author", article["author"])
        _add(item, "pubDate", format_datetime(_moment(article, now)))
        _add(item, "description", article["summary"])
        _add(item, f"{{{_CONTENT}}}encoded", article["html"])
    return _xml(root)


def _atom(feed: Mapping[str, Any], articles: list[Mapping[str, Any]], now: datetime) -> bytes:
    root = ET.Element(f"{{{_ATOM}}}feed", {"{http://www.w3.org/XML/1998/namespace}lang": feed["language"]})
    _add(root, f"{{{_ATOM}}}id", _site(feed))
    _add(root, f"{{{_ATOM}}}title", feed["title"])
    _add(root, f"{{{_ATOM}}}subtitle", feed["description"])
    _add(root, f"{{{_ATOM}}}link", href=_site(feed))
    _add(root, f"{{{_ATOM}}}updated", _moment(articles[0], now).isoformat())
    for article in articles:
        entry = _add(root, f"{{{_ATOM}}}entry")
        moment = _moment(article, now).isoformat()
        _add(entry, f"{{{_ATOM}}}id", _site(feed) + article["slug"])
        _add(entry, f"{{{_ATOM}}}title", article["title"])
        _add(entry, f"{{{_ATOM}}}link", href=_site(feed) + article["slug"])
        _add(_add(entry, f"{{{_ATOM}}}author"), f"{{{_ATOM}}}name", article["author"])
        _add(entry, f"{{{_ATOM}}}published", moment)
        _add(entry, f"{{{_ATOM}}}updated", moment)
        _add(entry, f"{{{_ATOM}}}summary", article["summary"])
        _add(entry, f"{{{_ATOM}}}content", article["html"], type="html")
    return _xml(root)


def _xml(root: ET.Element) -> bytes:
    text: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return text


def _json_feed(feed: Mapping[str, Any], articles: list[Mapping[str, Any]], now: datetime) -> bytes:
    document = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed["title"],
        "home_page_url": _site(feed),
        "description": feed["description"],
        "language": feed["language"],
        "items": [
            {
                "id": _site(feed) + article["slug"],
                "url": _site(feed) + article["slug"],
                "title": article["title"],
                "authors": [{"name": article["author"]}],
                "date_published": _moment(article, now).isoformat(),
                "summary": article["summary"],
                "content_html": article["html"],
            }
            for article in articles
        ],
    }
    return json.dumps(document, ensure_ascii=False).encode()


@contextmanager
def serve_samples(now: datetime) -> Iterator[tuple[Outline, ...]]:
    """Serve the samples from a free port of loopback; gives their outlines."""
    feeds = sample_feeds(now)
    documents = {feed.path: feed for feed in feeds}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            feed = documents.get(self.path)
            self.send_response(200 if feed else 404)
            self.send_header("Content-Type", feed.content_type if feed else "text/plain")
            self.send_header("Content-Length", str(len(feed.body) if feed else 0))
            self.end_headers()
            self.wfile.write(feed.body if feed else b"")

        def log_message(self, *_: object) -> None:
            """The reader tells what it fetches; the samples need no log of their own."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        address = f"http://127.0.0.1:{server.server_port}"
        yield tuple(
            Outline(url=address + feed.path, title=feed.title, category=(feed.category,)) for feed in feeds
        )
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
