"""Entries as the publisher gives them: new ones and edits go in, and wait to be linked.

Absence never deletes: an entry that left its feed stays. Kept unread counts move in the transaction that
changes what they count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import (
    delete,
    insert,
    or_,
    select,
    update,
)

from aggregator.storage import edits, feedtexts, filters, identity, wantedtexts
from aggregator.storage import subscriptions as kept
from aggregator.storage.schema import (
    entries,
    entry_terms,
    links,
    pending_entries,
)

if TYPE_CHECKING:
    from collections.abc import Sequence, Set
    from datetime import datetime

    from sqlalchemy import Connection

    from aggregator.domain import CleanEntry


from aggregator.storage.dialects import insert_into


class Recorded(NamedTuple):
    new: int
    changed: int


def record_entries(
    connection: Connection,
    feed_id: int,
    found: Sequence[CleanEntry],
    *,
    now: datetime,
    standing: Set[str] = frozenset(),
) -> Recorded:
    """Insert what is new, overwrite what the publisher changed; both wait to be linked.

    `standing` are the guids of all entries in the document: an entry whose guid is new may be one that the
    library holds, if that stands there no more. What an edit replaces is kept; what was pruned stays away.
    """
    stored = _ids_by_guid(connection, feed_id, [entry.guid for entry in found])
    unknown = [entry for entry in found if entry.guid not in stored]
    new = identity.drop_pruned(connection, feed_id, unknown, standing, now=now) if unknown else []
    renamed = identity.recognize(connection, feed_id, new, standing) if new else {}
    new = [entry for entry in new if entry.guid not in renamed]
    stored |= renamed
    identity.rename(connection, renamed)
    changed = [(stored[entry.guid], entry) for entry in found if entry.guid in stored]
    changed = identity.without_unchanged(connection, changed)
    # Documents list the newest first; ids follow the order of publication.
    rows = [
        _row(entry, now) | {"feed_id": feed_id, "guid": entry.guid, "first_seen_at": now}
        for entry in reversed(new)
    ]
    made = _insert(connection, rows)
    feedtexts.yield_to_feed(connection, changed)
    edits.keep_replaced(connection, changed, now=now)
    texts = feedtexts.put_beside(connection, changed)
    for entry_id, entry in changed:
        row = _row(entry, now, dated=False) | texts.get(entry_id, {})
        connection.execute(update(entries).where(entries.c.id == entry_id).values(**row))
    forget_links(connection, [entry_id for entry_id, _ in changed])
    await_linking(connection, [*made, *(entry_id for entry_id, _ in changed)])
    if made:
        kept.add_unread(connection, feed_id, len(made))
        filters.apply(connection, feed_id, list(zip(made, reversed(new), strict=True)), now=now)
        wantedtexts.want_new(connection, feed_id, made, now=now)
    return Recorded(len(made), len(changed))


def _ids_by_guid(connection: Connection, feed_id: int, guids: Sequence[str]) -> dict[str, int]:
    known: dict[str, int] = {}
    for start in range(0, len(guids), 500):
        some = guids[start : start + 500]
        rows = connection.execute(
            select(entries.c.guid, entries.c.id).where(entries.c.feed_id == feed_id, entries.c.guid.in_(some))
        )
        known |= {row.guid: row.id for row in rows}
    return known


def _row(entry: CleanEntry, now: datetime, *, dated: bool = True) -> dict[str, object]:
    """Columns of an entry. A stored entry that loses its date keeps the one it had (`dated` False)."""
    said = entry.published_at or entry.updated_at
    moment = {"published_at": min(said, now) if said else now} if dated or said else {}
    return moment | {
        "url": entry.url,
        "title": entry.title,
        "author": entry.author,
        "updated_at": entry.updated_at,
        "content_hash": entry.content_hash,
        "summary": entry.summary,
        "text": entry.text,
        "html": entry.html,
        "details": entry.details,
    }


def _insert(connection: Connection, rows: Sequence[dict[str, object]]) -> list[int]:
    if not rows:
        return []
    made = connection.execute(insert(entries).returning(entries.c.id, sort_by_parameter_order=True), rows)
    return [row.id for row in made]


def await_linking(connection: Connection, ids: Sequence[int]) -> None:
    if not ids:
        return
    statement = insert_into(connection, pending_entries).on_conflict_do_nothing()
    connection.execute(statement, [{"entry_id": entry_id} for entry_id in ids])


def forget_links(connection: Connection, ids: Sequence[int]) -> None:
    for entry_id in ids:
        connection.execute(delete(entry_terms).where(entry_terms.c.entry_id == entry_id))
        connection.execute(
            delete(links).where(or_(links.c.entry_id == entry_id, links.c.neighbour_id == entry_id))
        )
