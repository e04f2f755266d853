"""A small part of the benchmark's damage, in every run of the tests; and the faults that it found once."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hostile import FEEDS
from mutations import mutated

from aggregator.domain import Fetched, Validators
from aggregator.errors import OpmlError, ParseError
from aggregator.feeds.documents import DocumentReader
from aggregator.feeds.opml import parse_opml, write_opml

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CORPUS = Path(__file__).parent / "corpus" / "feeds"
SOURCES = [path.read_bytes() for path in sorted(CORPUS.iterdir()) if not path.name.endswith(".expected.json")]
OPML_SOURCES = [
    b"<opml><body><outline text='One &amp; two' xmlUrl='https://a.test/1' category='/A/B,/C'/></body></opml>",
    (
        b"<opml version='2.0'><head><title>T</title></head><body><outline text='Folder'><outline title='One' "
        b"type='rss' xmlUrl='https://a.test/1' htmlUrl='https://a.test/'/></outline></body></opml>"
    ),
    write_opml([], title="None", created_at=NOW),
]
TIME = timedelta(seconds=4)  # twice that of the benchmark: other tests may have the machine
GROWTH_BYTES = 300_000_000

# Each is (what was lengthened or opened, how often); all took more than 2 s once.
FAULTS = {
    "author with a long word of hyphens": ("<author><p>%s</p></author>", "-", 50_000),
    "publisher with a long word of dots": ("<dc:publisher>%s</dc:publisher>", "a.", 25_000),
    "CDATA that is opened again and again": ("%s", "<![CDATA[", 20_000),
    "comments that are opened again and again": ("%s", "<!--", 20_000),
}


def a_document(body: bytes) -> Fetched:
    return Fetched(
        url="https://feeds.test/feed.xml",
        body=body,
        body_hash=sha256(body).hexdigest(),
        content_type="application/xml",
        validators=Validators(),
        max_age=None,
    )


async def read_all(documents: DocumentReader, bodies: dict[str, bytes]) -> list[str]:
    """What broke the promise: any other error lets the test fail by itself."""
    stopped: list[str] = []
    for name, body in bodies.items():
        try:
            await documents.read(a_document(body), b"", now=NOW)
        except ParseError as error:
            if "reading it took" in str(error) or "reading it ended" in str(error):
                stopped.append(f"{name}: {error}")
    return stopped


@pytest.fixture(scope="module")
def documents() -> Iterator[DocumentReader]:
    with DocumentReader(workers=1, timeout=TIME, growth_bytes=GROWTH_BYTES) as found:
        yield found


def test_damaged_feeds_end_in_a_parse_error_or_none(documents: DocumentReader) -> None:
    damaged = {f"seed {seed}": mutated(SOURCES[seed % len(SOURCES)], SOURCES, seed) for seed in range(300)}
    assert asyncio.run(read_all(documents, damaged)) == []


def test_damaged_opml_ends_in_an_opml_error_or_none() -> None:
    for seed in range(300):
        body = mutated(OPML_SOURCES[seed % len(OPML_SOURCES)], OPML_SOURCES, seed)
        with suppress(OpmlError):
            parse_opml(body)


@pytest.mark.parametrize("fault", FAULTS)
def test_what_was_slow_once_is_read_in_time(documents: DocumentReader, fault: str) -> None:
    pattern, piece, times = FAULTS[fault]
    xml = (
        '<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>T</title>'
        f"<item><title>One</title>{pattern % (piece * times)}</item></channel></rss>"
    )
    assert asyncio.run(read_all(documents, {fault: xml.encode()})) == []


@pytest.mark.parametrize("name", ["author", "author-letters"])
def test_hostile_authors_are_read_in_time(documents: DocumentReader, name: str) -> None:
    assert asyncio.run(read_all(documents, {name: FEEDS[name]()})) == []
