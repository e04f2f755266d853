"""Which stored entry an entry of a document is, where its guid is not known: publishers change their guids.

Promises: the same page under the same title is the same entry, and keeps its status; what retention removed
is never new. Refuses to join two entries that stand side by side in the document, and what only shares a
link: where many entries have one link, where the link is the site's own, or where the dates are far apart,
the date or the text must be the same too. In doubt an entry is new: a double does less harm than a loss.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit

from sqlalchemy import delete, select, update

from aggregator.storage.feedtexts import feed_text
from aggregator.storage.schema import entries, feeds, full_texts, pruned_entries

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence, Set
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection

    from aggregator.domain import CleanEntry

_NEAR = timedelta(hours=20)
"""Less than a day: a daily column has its title, and perhaps its link, every day."""

_FAR = timedelta(days=60)
"""A date that moved further is that of another article."""

_REMEMBERED = timedelta(days=365)
_AT_A_TIME = 500
_TRACKING = ("utm_", "at_", "mtm_", "pk_", "xtor", "fbclid", "gclid", "mc_cid", "mc_eid", "cmpid", "wt_mc")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    id: int
    guid: str
    page: str
    title: str
    published_at: datetime
    content_hash: str


def page_of(url: str) -> str:
    """An address without its scheme, its fragment, and what only tells where a click came from."""
    parts = urlsplit(url)
    asked = [
        (name, value)
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
        if not name.lower().startswith(_TRACKING)
    ]
    query = f"?{urlencode(asked)}" if asked else ""
    return f"{parts.netloc.lower()}{parts.path or '/'}{query}"


def recognize(
    connection: Connection, feed_id: int, unknown: Sequence[CleanEntry], standing: Set[str]
) -> dict[str, int]:
    """guid → id of the stored entry that each of these is, for those that are one.

    The guids of `unknown` are not stored; `standing` are all that stand in the document now.
    """
    candidates = _candidates(connection, feed_id, unknown, standing)
    if not candidates:
        return {}
    home = connection.scalar(select(feeds.c.site_url).where(feeds.c.id == feed_id))
    groups: dict[tuple[str, str], list[CleanEntry]] = defaultdict(list)
    for entry in unknown:
        if entry.url:
            groups[page_of(entry.url), entry.title].append(entry)
    found: dict[str, int] = {}
    for key, those in groups.items():
        rivals = candidates.get(key, [])
        shared = len(those) > 1 or len(rivals) > 1 or _is_home(key[0], home)
        for entry in those:
            same = next((s for s in rivals if _is_same(connection, entry, s, shared=shared)), None)
            if same is not None:
                rivals.remove(same)
                found[entry.guid] = same.id
    return found


def _is_home(page: str, site_url: str | None) -> bool:
    return page.partition("/")[2] == "" or bool(site_url and page == page_of(site_url))


def _candidates(
    connection: Connection, feed_id: int, unknown: Iterable[CleanEntry], standing: Set[str]
) -> dict[tuple[str, str], list[_Stored]]:
    """By page and title, stored entries that do not stand in the document under their own guid."""
    titles = sorted({entry.title for entry in unknown if entry.url})
    columns = (
        entries.c.id,
        entries.c.guid,
        entries.c.url,
        entries.c.title,
        entries.c.published_at,
        entries.c.content_hash,
    )
    found: dict[tuple[str, str], list[_Stored]] = defaultdict(list)
    for start in range(0, len(titles), _AT_A_TIME):
        some = titles[start : start + _AT_A_TIME]
        query = select(*columns).where(
            entries.c.feed_id == feed_id,
            entries.c.title.in_(some),
            entries.c.url.is_not(None),
            *_of_their_time(unknown),
        )
        for row in connection.execute(query.order_by(entries.c.id.desc())):
            if row.guid not in standing:
                page = page_of(row.url)
                found[page, row.title].append(
                    _Stored(
                        id=row.id,
                        guid=row.guid,
                        page=page,
                        title=row.title,
                        published_at=row.published_at,
                        content_hash=row.content_hash,
                    )
                )
    return found


def _of_their_time(unknown: Iterable[CleanEntry]) -> Iterable[ColumnElement[bool]]:
    """A feed may have thousands of entries: only those of about the same dates are looked at."""
    said = [entry.published_at or entry.updated_at for entry in unknown]
    known = [moment for moment in said if moment is not None]
    if known and len(known) == len(said):
        yield entries.c.published_at.between(min(known) - _FAR, max(known) + _FAR)


def _is_same(connection: Connection, entry: CleanEntry, stored: _Stored, *, shared: bool) -> bool:
    """Page and title are the same."""
    if entry.content_hash == stored.content_hash:
        return True
    said = entry.published_at or entry.updated_at
    if said is not None and said == stored.published_at:
        return True
    near = said is None or abs(said - stored.published_at) < _NEAR
    if near and not shared:
        return True
    if not entry.text:
        return False
    texts = select(feed_text()).outerjoin_from(entries, full_texts, full_texts.c.entry_id == entries.c.id)
    return connection.scalar(texts.where(entries.c.id == stored.id)) == entry.text


def rename(connection: Connection, ids: Mapping[str, int]) -> None:
    """Give these entries the guids under which they stand in the document."""
    for guid, entry_id in ids.items():
        connection.execute(update(entries).where(entries.c.id == entry_id).values(guid=guid))


def without_unchanged(
    connection: Connection, changed: Sequence[tuple[int, CleanEntry]]
) -> list[tuple[int, CleanEntry]]:
    """Without those of which nothing but the guid is new."""
    hashes: dict[int, str] = {}
    for start in range(0, len(changed), _AT_A_TIME):
        some = [entry_id for entry_id, _ in changed[start : start + _AT_A_TIME]]
        query = select(entries.c.id, entries.c.content_hash).where(entries.c.id.in_(some))
        hashes |= {row.id: row.content_hash for row in connection.execute(query)}
    return [(entry_id, entry) for entry_id, entry in changed if hashes[entry_id] != entry.content_hash]


# ── what was pruned ──────────────────────────────────────────────────────────────────────────────


def drop_pruned(
    connection: Connection,
    feed_id: int,
    unknown: Sequence[CleanEntry],
    standing: Set[str],
    *,
    now: datetime,
) -> list[CleanEntry]:
    """Those of `unknown` that retention has not removed, edited or not, under this guid or another."""
    _forget_long_gone(connection, feed_id, standing, now=now)
    guids: set[str] = set()
    hashes: set[str] = set()
    for start in range(0, len(unknown), _AT_A_TIME):
        some = unknown[start : start + _AT_A_TIME]
        rows = connection.execute(
            select(pruned_entries.c.guid, pruned_entries.c.content_hash).where(
                pruned_entries.c.feed_id == feed_id,
                pruned_entries.c.guid.in_([entry.guid for entry in some])
                | pruned_entries.c.content_hash.in_([entry.content_hash for entry in some]),
            )
        ).all()
        guids |= {row.guid for row in rows}
        hashes |= {row.content_hash for row in rows if row.guid not in standing}
    return [entry for entry in unknown if entry.guid not in guids and entry.content_hash not in hashes]


def _forget_long_gone(connection: Connection, feed_id: int, standing: Set[str], *, now: datetime) -> None:
    """What was pruned a year ago and stands in the document no more."""
    if not standing:  # an empty document says nothing of what left it
        return
    old = pruned_entries.c.feed_id == feed_id, pruned_entries.c.pruned_at < now - _REMEMBERED
    gone = [
        guid for guid in connection.scalars(select(pruned_entries.c.guid).where(*old)) if guid not in standing
    ]
    for start in range(0, len(gone), _AT_A_TIME):
        some = pruned_entries.c.guid.in_(gone[start : start + _AT_A_TIME])
        connection.execute(delete(pruned_entries).where(*old, some))
