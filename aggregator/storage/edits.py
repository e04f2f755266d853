"""What an entry said, by its feed, until its publisher edited it.

Promises: an edit that a reader could see keeps the text that it replaced; one that only moves white space or
markup keeps nothing. At most 20 texts an entry, fewer where they are long: the first of all and the newest.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select

from aggregator.domain import Revision, SafeHtml
from aggregator.storage.feedtexts import feed_html, feed_text
from aggregator.storage.schema import entries, full_texts, revisions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from aggregator.domain import CleanEntry

_MAX_KEPT = 20
_MAX_CHARS = 2_000_000
_AT_A_TIME = 500

_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
# Where links and pictures lead; what follows the "?" often changes from one fetch to the next.
_ADDRESSES = re.compile(r'\b(?:href|src|poster)="([^"?#]*)')


def keep_replaced(
    connection: Connection, changed: Sequence[tuple[int, CleanEntry]], *, now: datetime
) -> None:
    """Before entries are overwritten: keep what they say now, where that is not what they will say."""
    said = select(entries.c.id, entries.c.title, feed_text(), feed_html())
    said = said.outerjoin(full_texts, full_texts.c.entry_id == entries.c.id)
    for start in range(0, len(changed), _AT_A_TIME):
        some = dict(changed[start : start + _AT_A_TIME])
        for row in connection.execute(said.where(entries.c.id.in_(some))).all():
            after = some[row.id]
            if _visible(row.title, row.text, row.html) != _visible(after.title, after.text, after.html):
                _keep(connection, row.id, row.title, row.html, now)


def _visible(title: str, text: str, html: str) -> tuple[list[str], list[str], list[str]]:
    return _words(title), _words(text), _ADDRESSES.findall(html)


def _words(text: str) -> list[str]:
    return _INVISIBLE.sub("", text).split()


def _keep(connection: Connection, entry_id: int, title: str, html: str, now: datetime) -> None:
    ids = list(
        connection.scalars(
            select(revisions.c.id)
            .where(revisions.c.entry_id == entry_id)
            .order_by(revisions.c.replaced_at, revisions.c.id)
        )
    )
    allowed = min(_MAX_KEPT, max(2, _MAX_CHARS // (len(html) + 1)))
    surplus = ids[1 : 1 + max(0, len(ids) + 1 - allowed)]
    if surplus:
        connection.execute(delete(revisions).where(revisions.c.id.in_(surplus)))
    connection.execute(insert(revisions).values(entry_id=entry_id, replaced_at=now, title=title, html=html))


def list_revisions(connection: Connection, entry_id: int) -> tuple[Revision, ...]:
    """What the entry said before, the newest text first; the caller has seen that the person may see it."""
    query = select(revisions).where(revisions.c.entry_id == entry_id)
    rows = connection.execute(query.order_by(revisions.c.replaced_at.desc(), revisions.c.id.desc()))
    return tuple(
        Revision(replaced_at=row.replaced_at, title=row.title, html=SafeHtml(row.html)) for row in rows
    )
