"""What linking knows of each entry: who waits, and the analysis of who is linked; can be rebuilt.

Linked entries are counted in the order of their arrival at the linker; an edited entry arrives again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import bindparam, delete, func, insert, select

from aggregator.domain import Article
from aggregator.errors import NotFound
from aggregator.storage.links import forget_links, record_links
from aggregator.storage.schema import (
    NO_TURN,
    entries,
    entry_terms,
    feeds,
    full_texts,
    linking_state,
    pending_entries,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence, Set

    from sqlalchemy import ColumnElement, Connection, Row, Select, Table

    from aggregator.domain import Link


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTerms:
    """An analysed entry, in little-endian arrays.

    `terms` uint32 and `codes` uint8, position by position; `names` uint32; `neighbours` pairs of an arrival
    (uint32) and a weight (float32).
    """

    entry_id: int
    language: str
    terms: bytes
    codes: bytes
    names: bytes
    neighbours: bytes


class IndexedEntry(NamedTuple):
    """An entry that is linked already."""

    arrival: int
    stored: StoredTerms
    article: Article


class PendingEntry(NamedTuple):
    """An entry that waits to be linked, and which of its texts that is."""

    article: Article
    version: str


class Holding(NamedTuple):
    """Enough to tell whether an index holds what the database holds.

    `last_arrival` is the last that was given in this generation, also if its entry is gone.
    """

    entries: int
    id_sum: int
    last_arrival: int


def _articles(*more: ColumnElement[str] | Table) -> Select[tuple[object, ...]]:
    return select(
        entries.c.id,
        entries.c.url,
        entries.c.title,
        entries.c.published_at,
        entries.c.feed_id,
        feeds.c.language.label("feed_language"),
        *more,
    ).join(feeds, feeds.c.id == entries.c.feed_id)


def list_pending(connection: Connection, limit: int) -> tuple[PendingEntry, ...]:
    """Entries that wait to be linked, in the order of their arrival; `source` is the feed's id."""
    rows = connection.execute(
        _articles(entries.c.summary, entries.c.text, _version())
        .outerjoin(full_texts, full_texts.c.entry_id == entries.c.id)
        .join(pending_entries, pending_entries.c.entry_id == entries.c.id)
        .order_by(pending_entries.c.turn, pending_entries.c.entry_id)
        .limit(limit)
    )
    return tuple(PendingEntry(_article(row, row.summary, row.text), row.version) for row in rows)


def _version() -> ColumnElement[str]:
    """Over entries and, outer joined, full_texts: another one after each change of the text."""
    return (entries.c.content_hash + func.coalesce(full_texts.c.digest, "")).label("version")


def get_article(connection: Connection, entry_id: int) -> Article:
    """An entry as linking reads it; `NotFound` where there is none."""
    query = _articles(entries.c.summary, entries.c.text).where(entries.c.id == entry_id)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFound(str(entry_id), "no entry has this id", advice="`lire-aussi entries` lists them.")
    return _article(row, row.summary, row.text)


def is_pending(connection: Connection, entry_id: int) -> bool:
    """Whether the entry waits to be linked."""
    query = select(pending_entries.c.entry_id).where(pending_entries.c.entry_id == entry_id)
    return connection.scalar(query) is not None


def count_pending(connection: Connection) -> int:
    return int(connection.scalar(select(func.count()).select_from(pending_entries)) or 0)


def count_without_text(connection: Connection, ids: Sequence[int]) -> int:
    """Of `ids`, how many have a title only."""
    bare = select(func.count()).where(entries.c.id.in_(ids), entries.c.summary == "", entries.c.text == "")
    return int(connection.scalar(bare) or 0)


def _article(row: Row[tuple[object, ...]], summary: str = "", text: str = "") -> Article:
    return Article(
        id=row.id,
        url=row.url,
        title=row.title,
        summary=summary,
        content=text,
        language=row.feed_language,
        published_at=row.published_at,
        source=str(row.feed_id),
    )


def get_holding(connection: Connection) -> Holding:
    count, id_sum = connection.execute(
        select(func.count(), func.coalesce(func.sum(entry_terms.c.entry_id), 0)).select_from(entry_terms)
    ).one()
    last = connection.scalar(select(linking_state.c.last_arrival))
    return Holding(int(count), int(id_sum), int(last or 0))


def list_arrivals(connection: Connection) -> list[tuple[int, int]]:
    """(arrival, entry_id) of every linked entry, in order."""
    query = select(entry_terms.c.arrival, entry_terms.c.entry_id).order_by(entry_terms.c.arrival)
    return [(row.arrival, row.entry_id) for row in connection.execute(query)]


def list_indexed(connection: Connection, after: int, limit: int) -> tuple[IndexedEntry, ...]:
    """Up to `limit` entries that were linked after the arrival `after`, in that order."""
    rows = connection.execute(
        _articles(entry_terms, entries.c.summary, entries.c.text)
        .join(entry_terms, entries.c.id == entry_terms.c.entry_id)
        .where(entry_terms.c.arrival > after)
        .order_by(entry_terms.c.arrival)
        .limit(limit)
    )
    return tuple(IndexedEntry(row.arrival, _terms(row), _article(row, row.summary, row.text)) for row in rows)


def _terms(row: Row[tuple[object, ...]]) -> StoredTerms:
    return StoredTerms(
        entry_id=row.entry_id,
        language=row.language,
        terms=row.terms,
        codes=row.codes,
        names=row.names,
        neighbours=row.neighbours,
    )


def record_linked(
    connection: Connection,
    terms: Sequence[tuple[int, StoredTerms]],
    found: Sequence[Link],
    read: Mapping[int, str],
) -> int:
    """Store (arrival, terms) and links of entries, which then wait no more. Returns the links stored.

    `read` gives the version of each of these entries as it was analysed. One that was removed in the
    meantime is left out, with its links; so is one that was edited, and it waits on.
    """
    there = _versions(connection, sorted({*read, *(link.neighbour_id for link in found)}))
    ours = {entry_id for entry_id, version in read.items() if there.get(entry_id) == version}
    rows = [
        {
            "entry_id": stored.entry_id,
            "arrival": arrival,
            "language": stored.language,
            "terms": stored.terms,
            "codes": stored.codes,
            "names": stored.names,
            "neighbours": stored.neighbours,
        }
        for arrival, stored in terms
        if stored.entry_id in ours
    ]
    if rows:
        connection.execute(insert(entry_terms), rows)
    pairs = [link for link in found if _stands(link.entry_id, ours, read, there)]
    pairs = [link for link in pairs if _stands(link.neighbour_id, ours, read, there)]
    record_links(connection, pairs)
    done = delete(pending_entries).where(pending_entries.c.entry_id == bindparam("done"))
    if ours:
        connection.execute(done, [{"done": entry_id} for entry_id in ours])
    return len(pairs)


def _stands(entry_id: int, ours: Set[int], read: Mapping[int, str], there: Mapping[int, str]) -> bool:
    return entry_id in ours if entry_id in read else entry_id in there


def _versions(connection: Connection, ids: Sequence[int]) -> dict[int, str]:
    """Read with a lock where the database has one on rows: nobody edits these before they are recorded."""
    query = (
        select(entries.c.id, _version())
        .outerjoin(full_texts, full_texts.c.entry_id == entries.c.id)
        .where(entries.c.id.in_(bindparam("ids", expanding=True)))
        .order_by(entries.c.id)
        .with_for_update(of=entries)
    )
    found: dict[int, str] = {}
    for start in range(0, len(ids), 5_000):
        rows = connection.execute(query, {"ids": list(ids[start : start + 5_000])})
        found.update((row.id, row.version) for row in rows)
    return found


def forget_all(connection: Connection) -> None:
    """Drop every link and every analysis; all entries wait to be linked again, in the order they had."""
    forget_links(connection)
    connection.execute(delete(pending_entries))
    turn = func.coalesce(entry_terms.c.arrival, NO_TURN)
    everything = select(entries.c.id, turn).outerjoin(entry_terms, entry_terms.c.entry_id == entries.c.id)
    connection.execute(insert(pending_entries).from_select(["entry_id", "turn"], everything))
    connection.execute(delete(entry_terms))
