"""A small real library for tests: an SQLite file, filled through the storage functions.

with make_library(tmp_path) as database:
    feed = follow(database, "https://journal.example/feed", "Le Journal", category=("Presse",))
    one, two = publish(database, feed, an_entry("One"), an_entry("Two", days=1))
    link(database, two, one, why=("Orlov", "Kim"))
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from aggregator.domain import CleanEntry, CleanFeed, Link, SafeHtml
from aggregator.storage import entries, feeds, links, recording, subscriptions, users
from aggregator.storage.engine import Database, sqlite_url
from aggregator.storage.terms import StoredTerms, list_pending, record_linked

if TYPE_CHECKING:
    from sqlalchemy import Connection

NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
"""A Tuesday. What a test takes for the present."""


def make_library(folder: Path) -> Database:
    """An empty one, to be closed by the caller."""
    path = folder / "library.db"
    path.write_bytes(_empty_library())
    return Database.open(sqlite_url(path))


@cache
def _empty_library() -> bytes:
    """The migrations take longer than most tests: run them once."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "library.db"
        Database.open(sqlite_url(path)).close()
        return path.read_bytes()


def owner(database: Database) -> int:
    with database.read() as connection:
        return users.get_owner(connection).id


def follow(
    database: Database,
    url: str,
    title: str,
    *,
    category: tuple[str, ...] = (),
    language: str | None = None,
    now: datetime = NOW,
) -> int:
    """The id of the feed, which the owner follows."""
    reader = owner(database)
    with database.write() as connection:
        feed_id = feeds.ensure_feed(connection, url, title=title, site_url=None, now=now)
        feeds.record_feed(connection, feed_id, a_document(title, language=language))
        subscriptions.subscribe(connection, reader, feed_id, title=None, category=category, now=now)
    return feed_id


def total_unread(connection: Connection, user_id: int) -> int:
    """The kept counts of all that the person follows."""
    return sum(one.unread for one in subscriptions.list_subscriptions(connection, user_id))


def a_document(title: str, *, language: str | None = None) -> CleanFeed:
    """What a document says of its feed; it has no entries."""
    return CleanFeed(
        title=title,
        site_url="https://site.example/",
        description="",
        language=language,
        time_to_live=None,
        dates=(),
        entries=(),
    )


def an_entry(
    title: str,
    *,
    html: str | None = None,
    text: str = "",
    author: str | None = None,
    url: str | None = None,
    days: float = 0,
    now: datetime = NOW,
) -> CleanEntry:
    """Published `days` ago, an hour earlier; its guid is its title. `html` is taken as clean."""
    body = text or f"The text of {title}."
    return CleanEntry(
        guid=title,
        url=url,
        title=title,
        author=author,
        published_at=now - timedelta(days=days, hours=1),
        updated_at=None,
        html=SafeHtml(f"<p>{body}</p>" if html is None else html),
        summary="",
        text=body,
        content_hash=hashlib.sha256(f"{title}\n{body}\n{html}".encode()).hexdigest(),
    )


def publish(database: Database, feed_id: int, *found: CleanEntry, now: datetime = NOW) -> list[int]:
    """Record the entries of a feed that the owner follows; their ids, in the given order."""
    reader = owner(database)
    everything = entries.Selection(feed_id=feed_id, limit=100_000)
    with database.write() as connection:
        recording.record_entries(connection, feed_id, found, now=now)
        ids = {entry.guid: entry.id for entry in entries.list_headlines(connection, reader, everything)}
    return [ids[entry.guid] for entry in found]


def a_link(
    entry_id: int,
    neighbour_id: int,
    *,
    why: tuple[str, ...] = (),
    score: float = 0.4,
    rank: float | None = None,
    nearness: float = 0.0,
    confidence: float = 0.9,
    same_text: bool = False,
) -> Link:
    return Link(
        entry_id=entry_id,
        neighbour_id=neighbour_id,
        score=score,
        rank=score if rank is None else rank,
        older_rank=score if rank is None else rank,
        nearness=nearness,
        confidence=confidence,
        why=why,
        same_text=same_text,
    )


def link(
    database: Database,
    entry_id: int,
    neighbour_id: int,
    *,
    why: tuple[str, ...] = (),
    score: float = 0.4,
    rank: float | None = None,
    nearness: float = 0.0,
    confidence: float = 0.9,
    same_text: bool = False,
) -> None:
    """The rank is the score unless it is given."""
    found = a_link(
        entry_id,
        neighbour_id,
        why=why,
        score=score,
        rank=rank,
        nearness=nearness,
        confidence=confidence,
        same_text=same_text,
    )
    with database.write() as connection:
        links.record_links(connection, [found])


def analysed(database: Database, entry_id: int, *, arrival: int, language: str = "fr") -> None:
    """The entry is linked, without neighbours."""
    stored = stored_terms(entry_id, language)
    with database.write() as connection:
        record_linked(connection, [(arrival, stored)], [], {entry_id: _hash_of(connection, entry_id)})


def stored_terms(entry_id: int, language: str = "fr") -> StoredTerms:
    return StoredTerms(entry_id=entry_id, language=language, terms=b"", codes=b"", names=b"", neighbours=b"")


def _hash_of(connection: Connection, entry_id: int) -> str:
    return next(found.version for found in list_pending(connection, 100) if found.article.id == entry_id)
