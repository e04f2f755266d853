"""What a feed says of an entry whose text is that of its page: kept beside the entry, and edited there.

Promises: an edit of the feed never takes away the fuller text of the page; where the feed comes to say more
than the page did, its text is the entry's again, and the page's is kept among the earlier texts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, delete, func, select, update

from aggregator.storage.schema import entries, full_texts
from aggregator.wholeness import own_summary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, Connection, Row

    from aggregator.domain import CleanEntry

_AT_A_TIME = 500


def feed_text() -> ColumnElement[str]:
    """Over entries and, outer joined, full_texts."""
    return func.coalesce(full_texts.c.feed_text, entries.c.text).label("text")


def feed_html() -> ColumnElement[str]:
    """Over the same."""
    return func.coalesce(full_texts.c.feed_html, entries.c.html).label("html")


def yield_to_feed(connection: Connection, changed: Sequence[tuple[int, CleanEntry]]) -> None:
    """Before these edits are recorded: forget that a text is the page's where the feed now says more."""
    edited = dict(changed)
    _hold(connection, list(edited))
    longer = [
        row.entry_id
        for row in _full(connection, list(edited))
        if len(edited[row.entry_id].text.split()) > len(row.text.split())
    ]
    for start in range(0, len(longer), _AT_A_TIME):
        some = longer[start : start + _AT_A_TIME]
        connection.execute(delete(full_texts).where(full_texts.c.entry_id.in_(some)))


def put_beside(
    connection: Connection, changed: Sequence[tuple[int, CleanEntry]]
) -> dict[int, dict[str, object]]:
    """Record the texts of these edits where the page's text stays.

    Returns by entry what its texts are then, for those; the others are the caller's to write.
    """
    edited = dict(changed)
    kept: dict[int, dict[str, object]] = {}
    rows: list[dict[str, object]] = []
    for row in _full(connection, list(edited)):
        entry = edited[row.entry_id]
        summary = own_summary(entry.summary or entry.text, row.text)
        kept[row.entry_id] = {"text": row.text, "html": row.html, "summary": summary}
        rows.append({"edited": row.entry_id, "s": entry.summary, "t": entry.text, "h": entry.html})
    if rows:
        connection.execute(
            update(full_texts)
            .where(full_texts.c.entry_id == bindparam("edited"))
            .values(feed_summary=bindparam("s"), feed_text=bindparam("t"), feed_html=bindparam("h")),
            rows,
        )
    return kept


def _hold(connection: Connection, ids: Sequence[int]) -> None:
    """Where the database has locks on rows: no other process gives these the text of a page until the end."""
    for start in range(0, len(ids), _AT_A_TIME):
        some = select(entries.c.id).where(entries.c.id.in_(ids[start : start + _AT_A_TIME]))
        connection.execute(some.order_by(entries.c.id).with_for_update())


def _full(connection: Connection, ids: Sequence[int]) -> list[Row[tuple[int, str, str]]]:
    """(entry_id, text, html) of those of the entries that have the text of their page."""
    found: list[Row[tuple[int, str, str]]] = []
    query = select(full_texts.c.entry_id, entries.c.text, entries.c.html)
    query = query.join(entries, entries.c.id == full_texts.c.entry_id)
    for start in range(0, len(ids), _AT_A_TIME):
        some = ids[start : start + _AT_A_TIME]
        found += connection.execute(query.where(full_texts.c.entry_id.in_(some)))
    return found
