"""Linking a real library: in order, whatever the batches, processes and accidents."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from judgements.measure import read
from library import follow, make_library, owner, publish
from sqlalchemy import text

from aggregator.domain import Article, CleanEntry, SafeHtml
from aggregator.linking import Linker
from aggregator.policies import RelatedPolicy
from aggregator.storage import links, terms
from aggregator.storage.engine import Database, sqlite_url

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

POLICY = RelatedPolicy(min_confidence=0.05, min_cosine_young=0)
Rows = list[tuple[object, ...]]


def an_entry(article: Article) -> CleanEntry:
    assert article.published_at is not None
    return CleanEntry(
        guid=str(article.id),
        url=article.url,
        title=article.title,
        author=None,
        published_at=article.published_at,
        updated_at=None,
        html=SafeHtml(""),
        summary=article.summary,
        text=article.content,
        content_hash=f"{article.id} {article.content}",
    )


@pytest.fixture(scope="module")
def news() -> list[Article]:
    return [article for article in read("articles.jsonl") if article.language == "fr"]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with make_library(tmp_path) as made:
        yield made


def fill(database: Database, news: Sequence[Article]) -> None:
    for source in sorted({article.source for article in news}):
        feed = follow(database, f"https://{source}.example/feed", source, language="fr")
        publish(database, feed, *(an_entry(article) for article in news if article.source == source))


def stored(database: Database) -> Rows:
    """Links and terms, all but the moment."""
    with database.read() as connection:
        return [
            tuple(row)
            for table in ("links", "entry_terms")
            for row in connection.execute(text(f"SELECT * FROM {table} ORDER BY entry_id, 2"))
        ]


def test_a_rebuild_gives_the_same_links(database: Database, news: list[Article]) -> None:
    fill(database, news)
    linker = Linker(database, POLICY)
    assert linker.link_pending() > 50
    before = stored(database)
    linker.relink()
    assert stored(database) == before


def test_batches_and_restarts_change_nothing(
    database: Database, news: list[Article], tmp_path_factory: pytest.TempPathFactory
) -> None:
    fill(database, news)
    Linker(database, POLICY).link_pending()
    with make_library(tmp_path_factory.mktemp("other")) as other:
        for source in sorted({article.source for article in news}):
            fill(other, [article for article in news if article.source == source])
            # A new linker each time, which finds what the last one left in the database.
            Linker(other, POLICY).link_pending()
        assert stored(other) == stored(database)


def test_two_linkers_take_turns(database: Database, news: list[Article], tmp_path: Path) -> None:
    one, two = Linker(database, POLICY, cache=tmp_path / "cache"), Linker(database, POLICY)
    sources = sorted({article.source for article in news})
    for number, source in enumerate(sources):
        fill(database, [article for article in news if article.source == source])
        (one, two)[number % 2].link_pending()
    with database.read() as connection:
        assert terms.count_pending(connection) == 0
        arrivals = [arrival for arrival, _ in terms.list_arrivals(connection)]
    assert arrivals == list(range(1, len(news) + 1))


def test_an_edited_entry_is_linked_anew(database: Database, news: list[Article]) -> None:
    fill(database, news)
    linker = Linker(database, POLICY)
    linker.link_pending()
    with database.read() as connection:
        linked = links.list_related(connection, owner(database), range(1, len(news) + 1))
        edited = next(entry_id for entry_id, others in linked.items() if others)
        guid = connection.scalar(text("SELECT guid FROM entries WHERE id = :id"), {"id": edited})
    article = next(article for article in news if article.id == guid)
    feed = follow(database, f"https://{article.source}.example/feed", article.source, language="fr")
    changed = an_entry(
        Article(**{name: getattr(article, name) for name in Article.__slots__} | {"content": "Quiche."})
    )
    publish(database, feed, changed)
    linker.link_pending()
    with database.read() as connection:
        assert terms.count_pending(connection) == 0
        assert len(terms.list_arrivals(connection)) == len(news)
        assert all(
            row.entry_id != row.neighbour_id for row in connection.execute(text("SELECT * FROM links"))
        )


def test_a_removed_feed_leaves_no_links(database: Database, news: list[Article]) -> None:
    fill(database, news)
    linker = Linker(database, POLICY)
    linker.link_pending()
    with database.write() as connection:
        connection.execute(text("DELETE FROM feeds WHERE id = 1"))
    extra = [an_entry(article) for article in news if article.source == news[0].source]
    feed = follow(database, "https://late.example/feed", "Late", language="fr")
    publish(database, feed, *extra)
    linker.link_pending()
    with database.read() as connection:
        assert terms.count_pending(connection) == 0
        ends = connection.execute(text("SELECT entry_id, neighbour_id FROM links")).all()
        there = set(connection.scalars(text("SELECT id FROM entries")))
    assert {end for pair in ends for end in pair} <= there


def test_a_torn_cache_is_made_again(database: Database, news: list[Article], tmp_path: Path) -> None:
    fill(database, news)
    cache = tmp_path / "cache"
    linker = Linker(database, POLICY, cache=cache)
    linker.link_pending()
    linker.keep()
    for path in cache.rglob("*.arrays"):
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    before = stored(database)
    fresh = Linker(database, POLICY, cache=cache)
    assert fresh.link_pending() == 0
    fresh.relink()
    assert stored(database) == before


def test_a_library_that_was_put_back_does_not_trust_its_cache(
    database: Database, news: list[Article], tmp_path: Path
) -> None:
    """Ids and arrivals are given anew, to other texts."""
    cache, backup = tmp_path / "cache", tmp_path / "backup.db"
    fill(database, news[:40])
    Linker(database, POLICY).link_pending()
    with sqlite3.connect(tmp_path / "library.db") as connection:
        connection.execute("VACUUM INTO ?", (str(backup),))
    fill(database, news[40:80])
    ahead = Linker(database, POLICY, cache=cache)
    ahead.link_pending()
    ahead.keep()
    with Database.open(sqlite_url(backup)) as put_back:
        fill(put_back, news[80:])
        Linker(put_back, POLICY).link_pending()
        one, other = Linker(put_back, POLICY, cache=cache), Linker(put_back, POLICY)
        fill(put_back, news[40:80])
        one.link_pending()
        with_cache = stored(put_back)
        other.relink()
        assert stored(put_back) == with_cache


def test_two_languages_are_linked_by_names_and_it_is_told_why(database: Database) -> None:
    told = {"depeches-6/ostrovie-treve": "fr", "northline/ostrovia-truce": "en"}
    for article in read("articles.jsonl"):
        if article.id in told:
            feed = follow(
                database, f"https://{article.source}.example/", article.source, language=told[str(article.id)]
            )
            publish(database, feed, an_entry(article))
    linker = Linker(database, POLICY)
    assert linker.link_pending() == 1
    with database.read() as connection:
        one, other = (terms.get_article(connection, number) for number in (1, 2))
        kept = links.find_link(connection, 1, 2)
    assert kept is not None
    decision = linker.explain(one, other, POLICY)
    assert [(step.name, step.passed) for step in decision.steps] == [
        ("language", False),
        ("rare-names", True),
        ("names", True),
    ]
    assert [term.word for term in decision.terms[:2]] == list(kept.why[:2])
    assert decision == linker.explain(other, one, POLICY)


KILLED = """
import sys
from pathlib import Path
import aggregator.linking
from aggregator.linking import Linker
from aggregator.policies import RelatedPolicy
from aggregator.storage.engine import Database, sqlite_url
aggregator.linking._BATCH = 5
with Database.open(sqlite_url(Path(sys.argv[1]))) as database:
    print("ready", flush=True)
    Linker(database, RelatedPolicy(min_confidence=0.05, min_cosine_young=0)).link_pending(
        on_progress=lambda done: print(done, flush=True))
"""


def test_a_killed_linker_leaves_what_the_next_one_completes(
    database: Database, news: list[Article], tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    fill(database, news)
    for lines in (3, 9):
        with subprocess.Popen(
            [sys.executable, "-c", KILLED, str(tmp_path / "library.db")], stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            for _ in range(lines):
                process.stdout.readline()
            os.kill(process.pid, signal.SIGKILL)
        with database.write() as connection:  # its lease would end by itself
            connection.execute(text("DELETE FROM leases"))
    Linker(database, POLICY).link_pending()
    with make_library(tmp_path_factory.mktemp("whole")) as whole:
        fill(whole, news)
        Linker(whole, POLICY).link_pending()
        assert stored(database) == stored(whole)
    with database.read() as connection:
        assert connection.scalar(text("PRAGMA integrity_check")) == "ok"
