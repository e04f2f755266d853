"""The text of its page becomes the text of an entry; what the feed says stays beside it (`feedtexts.py`).

So it is searched, linked, shown and exported without another word: who reads an entry reads its fuller text.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from sqlalchemy import insert, select, update

from aggregator.domain import PageText, SafeHtml
from aggregator.storage import wantedtexts
from aggregator.storage.recording import await_linking, forget_links
from aggregator.storage.schema import entries, full_texts
from aggregator.wholeness import own_summary

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from aggregator.domain import WantedText


def record_full_text(connection: Connection, entry_id: int, page: PageText, *, now: datetime) -> bool:
    """False where the entry has this text already, or is gone. A new text waits to be linked."""
    row = connection.execute(
        select(entries.c.summary, entries.c.text, entries.c.html, full_texts.c.digest)
        .add_columns(full_texts.c.feed_summary, full_texts.c.feed_text)
        .outerjoin(full_texts, full_texts.c.entry_id == entries.c.id)
        .where(entries.c.id == entry_id)
        .with_for_update(of=entries)
    ).one_or_none()
    wantedtexts.forget(connection, entry_id)
    if row is None:
        return False
    digest = hashlib.sha256(page.html.encode()).hexdigest()
    found = {"url": page.url, "fetched_at": now, "digest": digest}
    if row.digest is None:
        said = {"feed_summary": row.summary, "feed_text": row.text, "feed_html": row.html}
        connection.execute(insert(full_texts).values(entry_id=entry_id, **found, **said))
        teaser = row.summary or row.text
    else:
        connection.execute(update(full_texts).where(full_texts.c.entry_id == entry_id).values(**found))
        teaser = row.feed_summary or row.feed_text
    if row.digest == digest:
        return False
    texts = {"html": page.html, "text": page.text, "summary": own_summary(teaser, page.text)}
    connection.execute(update(entries).where(entries.c.id == entry_id).values(**texts))
    forget_links(connection, [entry_id])
    await_linking(connection, [entry_id])
    return True


def find_fetched(connection: Connection, wanted: WantedText, *, since: datetime) -> PageText | None:
    """The text of its page, where that was fetched for another entry since then."""
    row = connection.execute(
        select(full_texts.c.url, entries.c.title, entries.c.html, entries.c.text)
        .join(entries, entries.c.id == full_texts.c.entry_id)
        .where(entries.c.url == wanted.url, entries.c.id != wanted.entry_id)
        .where(full_texts.c.fetched_at >= since)
        .limit(1)
    ).first()
    if row is None:
        return None
    return PageText(url=row.url, title=row.title, html=SafeHtml(row.html), text=row.text)
