"""The starred entries of a person, to be kept apart from the library."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sqlalchemy import select

from aggregator.storage.schema import entries, feeds, statuses

if TYPE_CHECKING:
    from sqlalchemy import Connection


def export_starred(connection: Connection, user_id: int) -> bytes:
    """JSON: a list of objects, first starred first; moments are ISO 8601."""
    rows = connection.execute(
        select(
            entries.c.guid,
            entries.c.url,
            entries.c.title,
            entries.c.author,
            entries.c.published_at,
            entries.c.html,
            feeds.c.url.label("feed_url"),
            feeds.c.title.label("feed_title"),
            statuses.c.starred_at,
        )
        .join(statuses, statuses.c.entry_id == entries.c.id)
        .join(feeds, feeds.c.id == entries.c.feed_id)
        .where(statuses.c.user_id == user_id, statuses.c.starred_at.is_not(None))
        .order_by(statuses.c.starred_at, entries.c.id)
    )
    found = [
        {name: fact.isoformat() if name.endswith("_at") else fact for name, fact in row._mapping.items()}
        for row in rows
    ]
    return json.dumps(found, ensure_ascii=False, indent=1).encode()
