"""A hostile document costs its own feed one error, and the next one is read in time."""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from time import monotonic

import psutil
import pytest

from aggregator.domain import Fetched, Validators
from aggregator.errors import ParseError
from aggregator.feeds.documents import DocumentReader

NOW = datetime(2026, 1, 1, tzinfo=UTC)
RSS = b"<rss version='2.0'><channel><title>t</title>%s</channel></rss>"
PLAIN = RSS % b"<item><title>One</title><guid>1</guid></item>"
REDOS = RSS % (b"<item><author>" + b"a" * 200_000 + b"</author></item>")


def document(body: bytes) -> Fetched:
    return Fetched(
        url="http://example.org/feed",
        body=body,
        body_hash=hashlib.sha256(body).hexdigest(),
        content_type="application/rss+xml",
        validators=Validators(),
        max_age=None,
    )


def test_after_a_hostile_document_the_next_is_read_in_time() -> None:
    with DocumentReader(workers=1, timeout=timedelta(seconds=3)) as documents:
        asyncio.run(documents.read(document(PLAIN), b"", now=NOW))
        started = monotonic()
        with suppress(ParseError):
            asyncio.run(documents.read(document(REDOS), b"", now=NOW))
        found = asyncio.run(documents.read(document(PLAIN), b"", now=NOW))
        assert [entry.title for entry in found.entries] == ["One"]
        assert monotonic() - started < 15


def test_a_document_that_takes_too_much_memory_is_an_error_in_words() -> None:
    items = b"".join(b"<item><title>x</title><guid>%d</guid></item>" % number for number in range(20_000))
    many = document(RSS % items)
    with DocumentReader(workers=1, timeout=timedelta(seconds=30), growth_bytes=16_000_000) as documents:
        with pytest.raises(ParseError, match="too much memory"):
            asyncio.run(documents.read(many, b"", now=NOW))
        found = asyncio.run(documents.read(document(PLAIN), b"", now=NOW))
        assert [entry.title for entry in found.entries] == ["One"]


def test_children_that_have_read_much_end_when_nothing_is_left_to_read() -> None:
    def children() -> int:
        """Readers alone: multiprocessing keeps a process of its own to tidy up."""
        found = psutil.Process().children(recursive=True)
        return len([child for child in found if "spawn_main" in " ".join(child.cmdline())])

    async def read(times: int) -> None:
        await asyncio.gather(*(documents.read(document(PLAIN), b"", now=NOW) for _ in range(times)))

    with DocumentReader(workers=1, timeout=timedelta(seconds=30)) as documents:
        asyncio.run(read(10))
        documents.rest()
        assert children() > 0
        asyncio.run(read(200))
        documents.rest()
        assert children() == 0
        asyncio.run(read(1))
        assert children() > 0
