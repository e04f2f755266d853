"""Whatever a document does, it ends with its child, the next one is read, and the pages answer meanwhile."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

import psutil
import pytest
from hostile import FEEDS, OPML
from webapp import make_site

from aggregator.domain import CleanFeed, Fetched, Validators
from aggregator.errors import OpmlError, ParseError
from aggregator.feeds.documents import DocumentReader

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from webapp import Site

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TIME = timedelta(seconds=2)
GONE_AFTER = 6.0
PARENT_MAY_GROW_BYTES = 64_000_000
PAGE_SECONDS = 0.25
PLAIN = b"<rss version='2.0'><channel><title>t</title><item><title>One</title></item></channel></rss>"
# One of each kind, those that cost most before all.
SOME = (
    "attributes",
    "author",
    "billion-laughs",
    "billion-laughs-utf-16",
    "date-digits",
    "deep-html-100,000",
    "deep-xml-100,000",
    "cdata-open",
    "external-file",
    "namespaces",
    "style-large",
    "opml-attributes",
    "opml-deep",
    "opml-quadratic",
)
SECRET = "root:"


@dataclass(slots=True)
class Watch:
    """What is seen of this process while something runs."""

    page_seconds: list[float] = field(default_factory=list)
    most_bytes: int = 0

    def slow_pages(self) -> int:
        return sum(seconds > PAGE_SECONDS for seconds in self.page_seconds)


@contextmanager
def watching(site: Site) -> Iterator[Watch]:
    watch, over = Watch(), threading.Event()

    def look() -> None:
        process, client = psutil.Process(), site.app.test_client()
        while not over.wait(0.05):
            started = time.monotonic()
            assert client.get("/").status_code == 200
            watch.page_seconds.append(time.monotonic() - started)
            watch.most_bytes = max(watch.most_bytes, process.memory_info().rss)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield watch
    finally:
        over.set()
        thread.join(10)


def a_document(body: bytes) -> Fetched:
    return Fetched(
        url="http://example.org/feed",
        body=body,
        body_hash=sha256(body).hexdigest(),
        content_type="application/rss+xml",
        validators=Validators(),
        max_age=None,
    )


def read(documents: DocumentReader, body: bytes) -> CleanFeed:
    return asyncio.run(documents.read(a_document(body), b"", now=NOW))


def survive(documents: DocumentReader, name: str) -> list[str]:
    """Read it, then a plain one; what went wrong."""
    body = (FEEDS | OPML)[name]()
    child = documents._schedule(os.getpid).result()
    started = time.monotonic()
    with suppress(ParseError, OpmlError):
        if name in OPML:
            outlines = asyncio.run(documents.read_opml(body))
            assert all(SECRET not in outline.title for outline in outlines)
        else:
            found = read(documents, body)
            assert all(SECRET not in entry.title + entry.text for entry in found.entries)
    wrong = []
    if [entry.title for entry in read(documents, PLAIN).entries] != ["One"]:
        wrong.append(f"{name}: the next feed is not read")
    seconds = time.monotonic() - started
    if seconds > TIME.total_seconds() + GONE_AFTER:
        wrong.append(f"{name}: {seconds:.1f} s to the next feed")
    if seconds > TIME.total_seconds() and psutil.pid_exists(child):
        wrong.append(f"{name}: its child is still there")
    return wrong


def attack(site: Site, names: Iterable[str]) -> tuple[list[str], Watch, int]:
    """What went wrong, what was seen, by how many bytes this process grew."""
    site.get("/")
    with DocumentReader(workers=1, timeout=TIME) as documents:
        read(documents, PLAIN)
        before = psutil.Process().memory_info().rss
        with watching(site) as watch:
            wrong = [trouble for name in names for trouble in survive(documents, name)]
    return wrong, watch, watch.most_bytes - before


def test_hostile_documents_cost_only_themselves(tmp_path: Path) -> None:
    with make_site(tmp_path) as site:
        wrong, watch, grown = attack(site, SOME)
    assert wrong == []
    assert grown < PARENT_MAY_GROW_BYTES
    assert len(watch.page_seconds) > 5
    # Other tests may have the machine for a moment: the run that is marked slow is strict.
    assert watch.slow_pages() <= len(watch.page_seconds) // 20


@pytest.mark.slow
def test_all_hostile_documents_cost_only_themselves(tmp_path: Path) -> None:
    names = (*FEEDS, *OPML)
    assert len(names) == 49
    with make_site(tmp_path) as site:
        wrong, watch, grown = attack(site, names)
    print(f"{grown:,} bytes, slowest page {max(watch.page_seconds):.3f} s of {len(watch.page_seconds)}")
    assert wrong == []
    assert grown < PARENT_MAY_GROW_BYTES
    assert watch.slow_pages() == 0


def test_a_child_is_gone_soon_after_its_time() -> None:
    deep = b"<a>" * 400_000
    endless = PLAIN.replace(b"One", b"<b>%s</b>" % deep)
    with DocumentReader(workers=1, timeout=timedelta(seconds=0.5)) as documents:
        child = documents._schedule(os.getpid).result()
        started = time.monotonic()
        with pytest.raises(ParseError, match="was stopped"):
            read(documents, endless)
        assert time.monotonic() - started < GONE_AFTER
        assert [entry.title for entry in read(documents, PLAIN).entries] == ["One"]
        assert time.monotonic() - started < GONE_AFTER
        assert not psutil.pid_exists(child)
