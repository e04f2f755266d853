"""An OPML file that means harm costs its own import one sentence, and what comes next is read in time."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta
from time import monotonic
from typing import TYPE_CHECKING

import psutil
import pytest
from outlines import opml

from aggregator.errors import OpmlError
from aggregator.feeds.documents import DocumentReader
from aggregator.feeds.opml import MAX_BYTES, parse_opml

if TYPE_CHECKING:
    from collections.abc import Iterator

PLAIN = opml('<outline xmlUrl="u"/>')
DEEP = b'<opml><outline text="f"><outline xmlUrl="in"/>'
MANY = b'<outline text="Un journal" xmlUrl="https://a.example/?x=1&y=2" htmlUrl="https://a.example/"/>\n'
HOSTILE = {
    "deep": DEEP * (MAX_BYTES // len(DEEP)),
    "a huge attribute": b'<opml><outline text="' + b"x" * (MAX_BYTES - 100) + b'" xmlUrl="u"/></opml>',
    "many attributes": b"<opml><outline " + b'a="" ' * (MAX_BYTES // 5 - 10) + b'xmlUrl="u"/></opml>',
    "20 MB of feeds": b"<opml>" + MANY * (MAX_BYTES // len(MANY) - 1) + b"</opml>",
    "20 MB of open outlines": b"<outline" * (MAX_BYTES // 8),
    "20 MB of quotes": b'<opml><outline text="' + b'" ' * (MAX_BYTES // 2 - 20),
}


@pytest.fixture(scope="module")
def documents() -> Iterator[DocumentReader]:
    with DocumentReader(workers=1, timeout=timedelta(seconds=5)) as found:
        asyncio.run(found.read_opml(PLAIN))
        yield found


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_whatever_comes_ends_in_time_and_the_next_file_is_read(
    documents: DocumentReader, data: bytes
) -> None:
    started = monotonic()
    with suppress(OpmlError):
        asyncio.run(documents.read_opml(data))
    assert asyncio.run(documents.read_opml(PLAIN)) == parse_opml(PLAIN)
    assert monotonic() - started < 20


def test_a_file_that_takes_too_long() -> None:
    with DocumentReader(workers=1, timeout=timedelta(milliseconds=200)) as documents:
        with pytest.raises(OpmlError, match=r"took more than 0.2 s .*split it") as caught:
            asyncio.run(documents.read_opml(HOSTILE["20 MB of feeds"]))
        assert caught.value.reason == "stopped?seconds=0.2"
        assert asyncio.run(documents.read_opml(PLAIN)) == parse_opml(PLAIN)


@pytest.mark.parametrize("megabytes", [80, 160])  # it ends in Python, in libxml2
def test_a_file_that_takes_too_much_memory(megabytes: int) -> None:
    growth_bytes = megabytes * 1_000_000
    with DocumentReader(workers=1, timeout=timedelta(seconds=30), growth_bytes=growth_bytes) as documents:
        with pytest.raises(OpmlError, match=r"too much memory .*split it") as caught:
            asyncio.run(documents.read_opml(HOSTILE["20 MB of feeds"]))
        assert caught.value.reason == "too-much-memory"
        assert asyncio.run(documents.read_opml(PLAIN)) == parse_opml(PLAIN)


def test_a_child_that_dies() -> None:
    with DocumentReader(workers=1, timeout=timedelta(seconds=30)) as documents:
        with pytest.raises(OpmlError, match="ended the process that read it") as caught:
            asyncio.run(_kill_while_reading(documents))
        assert caught.value.reason == "process-ended"
        assert asyncio.run(documents.read_opml(PLAIN)) == parse_opml(PLAIN)


async def _kill_while_reading(documents: DocumentReader) -> None:
    before = set(psutil.Process().children())
    await documents.read_opml(PLAIN)
    reading = asyncio.create_task(documents.read_opml(HOSTILE["20 MB of feeds"]))
    await asyncio.sleep(0.3)
    for child in set(psutil.Process().children()) - before:
        if any("spawn_main" in argument for argument in child.cmdline()):
            child.kill()
    await reading


def test_what_the_parser_refuses_stays_its_own_sentence(documents: DocumentReader) -> None:
    with pytest.raises(OpmlError, match="is a web page") as caught:
        asyncio.run(documents.read_opml(b"<html></html>"))
    assert caught.value.reason == "opml-page"
