"""Entries: recorded as the publisher gives them, read and starred by each person.

Every query that answers a person joins that person's subscriptions; what the person starred stays in sight
when its feed is followed no more. Absence never deletes: an entry that
left its feed stays. Kept unread counts move in the transaction that changes what they count.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Integer,
    and_,
    bindparam,
    case,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.elements import UnaryExpression
from sqlalchemy.sql.operators import custom_op

from aggregator.domain import CleanEntry, Entry, FullText, Headline, SafeHtml
from aggregator.errors import NotFound
from aggregator.storage import edits, feedtexts, filters, identity, wantedtexts
from aggregator.storage import subscriptions as kept
from aggregator.storage.prepared import USER
from aggregator.storage.schema import (
    entries,
    entry_terms,
    feeds,
    full_texts,
    links,
    pending_entries,
    revisions,
    statuses,
    subscriptions,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence, Set
    from datetime import datetime

    from sqlalchemy import Connection, Row, RowMapping, Select, Table

_EXCERPT_CHARACTERS = 280


# ── record ───────────────────────────────────────────────────────────────────────────────────────


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


def insert_into(connection: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """An INSERT that can say ON CONFLICT, in the database's own words."""
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


def forget_links(connection: Connection, ids: Sequence[int]) -> None:
    for entry_id in ids:
        connection.execute(delete(entry_terms).where(entry_terms.c.entry_id == entry_id))
        connection.execute(
            delete(links).where(or_(links.c.entry_id == entry_id, links.c.neighbour_id == entry_id))
        )


# ── read ─────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which entries a list shows. `before` and `after` name a headline: those older, or newer, than it."""

    feed_id: int | None = None
    category_ids: tuple[int, ...] | None = None
    unread_only: bool = False
    read_since: datetime | None = None
    """With `unread_only`: what was read after this moment stays in the list, so that it has neighbours."""
    starred_only: bool = False
    hidden_only: bool = False
    """Those that a filter has hidden; they are in no other list, but for those with a star."""
    before: tuple[datetime, int] | None = None
    after: tuple[datetime, int] | None = None
    limit: int = 50

    @property
    def shape(self) -> Shape:
        return Shape(
            feed=self.feed_id is not None,
            categories=self.category_ids is not None,
            unread=self.unread_only,
            since=self.read_since is not None,
            starred=self.starred_only,
            hidden=self.hidden_only,
            before=self.before is not None,
            after=self.after is not None,
        )

    @property
    def values(self) -> dict[str, object]:
        """Of the parameters in `Shape.selection`."""
        before_at, before_id = self.before or (None, None)
        after_at, after_id = self.after or (None, None)
        return {
            "feed_id": self.feed_id,
            "category_ids": list(self.category_ids or ()),
            "read_since": self.read_since,
            "before_at": before_at,
            "before_id": before_id,
            "after_at": after_at,
            "after_id": after_id,
            "most": self.limit,
        }


class Shape(NamedTuple):
    """What a selection asks, without its values: statements are built once for each."""

    feed: bool
    categories: bool
    unread: bool
    since: bool
    starred: bool
    hidden: bool
    before: bool
    after: bool

    @property
    def selection(self) -> Selection:
        """With a parameter in place of each value."""
        return Selection(
            feed_id=_parameter("feed_id") if self.feed else None,
            category_ids=_parameter("category_ids", expanding=True) if self.categories else None,
            unread_only=self.unread,
            read_since=_moment("read_since") if self.since else None,
            starred_only=self.starred,
            hidden_only=self.hidden,
            before=(_moment("before_at"), _parameter("before_id")) if self.before else None,
            after=(_moment("after_at"), _parameter("after_id")) if self.after else None,
        )


def _parameter(name: str, *, expanding: bool = False) -> Any:
    return bindparam(name, type_=Integer, expanding=expanding)


def _moment(name: str) -> Any:
    return bindparam(name, type_=entries.c.published_at.type)


def followed_by(
    user_id: int | ColumnElement[int], owner: ColumnElement[int] | None = None
) -> ColumnElement[bool]:
    owner = subscriptions.c.user_id if owner is None else owner
    return and_(subscriptions.c.feed_id == entries.c.feed_id, owner == user_id)


def status_of(user_id: int | ColumnElement[int]) -> ColumnElement[bool]:
    return and_(statuses.c.entry_id == entries.c.id, statuses.c.user_id == user_id)


def is_shown() -> ColumnElement[bool]:
    """Of an outer join of statuses: no filter has hidden it, or it has a star."""
    return or_(statuses.c.hidden_by.is_(None), statuses.c.starred_at.is_not(None))


def feed_title() -> ColumnElement[str]:
    return func.coalesce(subscriptions.c.title, feeds.c.title).label("feed_title")


def _in_sight() -> ColumnElement[bool]:
    """Of outer joins: entries that the person follows or has starred."""
    return or_(subscriptions.c.user_id.is_not(None), statuses.c.starred_at.is_not(None))


def headline_columns(
    user_id: int | ColumnElement[int], *, unfollowed: bool = False, by_date: bool = False
) -> Select[tuple[object, ...]]:
    """A query of headlines of the feeds that this person follows, or of all feeds; without order.

    `by_date` is for lists in the order of an index: SQLite, which would begin with all that the person
    follows and sort, is kept from it by the unary plus (https://sqlite.org/optoverview.html#uplus).
    """
    owner: ColumnElement[int] | None = None
    if by_date:
        owner = UnaryExpression(subscriptions.c.user_id, operator=custom_op("+"))
    return (
        select(
            entries.c.id,
            entries.c.feed_id,
            feed_title(),
            entries.c.guid,
            entries.c.url,
            entries.c.title,
            entries.c.author,
            entries.c.published_at,
            _excerpt(),
            _changed_at(),
            feeds.c.language,
            statuses.c.read_at,
            statuses.c.starred_at,
        )
        .join(subscriptions, followed_by(user_id, owner), isouter=unfollowed)
        .join(feeds, feeds.c.id == entries.c.feed_id)
        .outerjoin(statuses, status_of(user_id))
    )


def _changed_at() -> ColumnElement[datetime | None]:
    edits = select(func.max(revisions.c.replaced_at)).where(revisions.c.entry_id == entries.c.id)
    return edits.scalar_subquery().label("changed_at")


def _excerpt() -> ColumnElement[str]:
    whole = case((entries.c.summary != "", entries.c.summary), else_=entries.c.text)
    return func.substr(whole, 1, _EXCERPT_CHARACTERS).label("excerpt")


def title_or_first_words(title: str, text: str, limit: int = 80) -> str:
    """A headline is never empty: microblogs have no titles."""
    if title:
        return title
    words = " ".join(text.split())
    if len(words) <= limit:
        return words or "…"
    return words[:limit].rsplit(" ", 1)[0].rstrip(" ,;:.") + "…"


def to_headline(row: Row[tuple[object, ...]]) -> Headline:
    facts = row._mapping
    return Headline(
        id=facts["id"],
        feed_id=facts["feed_id"],
        feed_title=facts["feed_title"],
        guid=facts["guid"],
        url=facts["url"],
        title=title_or_first_words(facts["title"], facts["excerpt"]),
        author=facts["author"],
        published_at=facts["published_at"],
        excerpt=facts["excerpt"],
        changed_at=facts["changed_at"],
        language=facts["language"],
        read=facts["read_at"] is not None,
        starred=facts["starred_at"] is not None,
        read_at=facts["read_at"],
    )


def list_read(
    connection: Connection, user_id: int, *, before: tuple[datetime, int] | None, limit: int
) -> tuple[Headline, ...]:
    """What the person read, the last first; `before` is when the last one shown was read, and its id."""
    own = and_(statuses.c.user_id == user_id, statuses.c.read_at.is_not(None), statuses.c.hidden_by.is_(None))
    if before is not None:
        moment, entry_id = before
        earlier = or_(statuses.c.read_at < moment, statuses.c.entry_id < entry_id)
        own = and_(own, statuses.c.read_at <= moment, earlier)
    # What is followed no more is out of sight; there is seldom much of it among the last ones read.
    last = select(statuses.c.entry_id).where(own)
    last = last.order_by(statuses.c.read_at.desc(), statuses.c.entry_id.desc()).limit(limit * 2)
    query = headline_columns(user_id, unfollowed=True).where(
        entries.c.id.in_(last.scalar_subquery()), _in_sight()
    )
    ordered = query.order_by(statuses.c.read_at.desc(), entries.c.id.desc()).limit(limit)
    return tuple(to_headline(row) for row in connection.execute(ordered))


def list_by_id(connection: Connection, user_id: int, ids: Sequence[int]) -> tuple[Headline, ...]:
    """Those of these few entries that the person follows, in this order."""
    found = connection.execute(headline_columns(user_id).where(entries.c.id.in_(ids)))
    known = {headline.id: headline for headline in map(to_headline, found)}
    return tuple(known[entry_id] for entry_id in ids if entry_id in known)


def list_headlines(connection: Connection, user_id: int, selection: Selection) -> tuple[Headline, ...]:
    """Newest first; equal moments by id. Those nearest to `before`, or to `after`."""
    values = {"user_id": user_id} | selection.values
    found = tuple(map(to_headline, connection.execute(_headlines(selection.shape), values)))
    return found[::-1] if selection.after is not None else found


@cache
def _headlines(shape: Shape) -> Select[tuple[object, ...]]:
    query = headline_columns(USER, unfollowed=shape.starred, by_date=True)
    own = select(statuses.c.entry_id).where(statuses.c.user_id == USER)
    if shape.starred:  # few among many
        query = query.where(entries.c.id.in_(own.where(statuses.c.starred_at.is_not(None))))
    if shape.hidden:
        query = query.where(entries.c.id.in_(own.where(statuses.c.hidden_by.is_not(None))))
    query = query.where(*list_conditions(shape.selection)).limit(_parameter("most"))
    if shape.after:
        return query.order_by(entries.c.published_at, entries.c.id)
    return query.order_by(entries.c.published_at.desc(), entries.c.id.desc())


def list_conditions(selection: Selection) -> Iterable[ColumnElement[bool]]:
    """Over entries, the person's statuses of them and the person's subscriptions."""
    if selection.feed_id is not None:
        yield entries.c.feed_id == selection.feed_id
    if selection.category_ids is not None:
        yield subscriptions.c.category_id.in_(selection.category_ids)
    if selection.unread_only and selection.read_since is not None:
        yield or_(statuses.c.read_at.is_(None), statuses.c.read_at > selection.read_since)
    elif selection.unread_only:
        yield statuses.c.read_at.is_(None)
    if selection.starred_only:
        yield statuses.c.starred_at.is_not(None)
    if selection.hidden_only:
        yield statuses.c.hidden_by.is_not(None)
    elif not selection.starred_only:
        yield statuses.c.hidden_by.is_(None)
    if selection.before is not None:
        moment, entry_id = selection.before
        yield entries.c.published_at <= moment  # what an index understands
        yield or_(entries.c.published_at < moment, entries.c.id < entry_id)
    if selection.after is not None:
        moment, entry_id = selection.after
        yield entries.c.published_at >= moment
        yield or_(entries.c.published_at > moment, entries.c.id > entry_id)


_FULL = (
    full_texts.c.url.label("full_url"),
    full_texts.c.fetched_at,
    full_texts.c.feed_html,
    full_texts.c.feed_text,
)


def get_entry(connection: Connection, user_id: int, entry_id: int) -> Entry:
    """The whole entry; `NotFound` where this person neither follows nor has starred such an entry."""
    values = {"user_id": user_id, "entry_id": entry_id}
    row = connection.execute(_entry(), values).first() if abs(entry_id) < 2**31 else None
    if row is None:
        raise NotFound(
            f"entry {entry_id}", "the library holds no such entry", advice="`lire-aussi entries` lists them."
        )
    return _to_entry(row)


@cache
def _entry() -> Select[tuple[object, ...]]:
    followed = subscriptions.c.user_id.is_not(None).label("followed")
    return (
        select(
            entries,
            feed_title(),
            feeds.c.language,
            statuses.c.read_at,
            statuses.c.starred_at,
            followed,
            _changed_at(),
            *_FULL,
        )
        .outerjoin(full_texts, full_texts.c.entry_id == entries.c.id)
        .outerjoin(subscriptions, followed_by(USER))
        .join(feeds, feeds.c.id == entries.c.feed_id)
        .outerjoin(statuses, status_of(USER))
        .where(entries.c.id == _parameter("entry_id"), _in_sight())
    )


def _to_entry(row: Row[tuple[object, ...]]) -> Entry:
    facts = row._mapping
    return Entry(
        id=facts["id"],
        feed_id=facts["feed_id"],
        feed_title=facts["feed_title"],
        guid=facts["guid"],
        url=facts["url"],
        title=title_or_first_words(facts["title"], facts["text"]),
        author=facts["author"],
        published_at=facts["published_at"],
        updated_at=facts["updated_at"],
        html=SafeHtml(facts["html"]),
        summary=facts["summary"],
        text=facts["text"],
        details=facts["details"],
        changed_at=facts["changed_at"],
        language=facts["language"],
        read=facts["read_at"] is not None,
        starred=facts["starred_at"] is not None,
        read_at=facts["read_at"],
        followed=bool(facts["followed"]),
        full=_to_full(facts) if facts["full_url"] is not None else None,
    )


def _to_full(facts: RowMapping) -> FullText:
    return FullText(
        url=facts["full_url"],
        fetched_at=facts["fetched_at"],
        feed_html=SafeHtml(facts["feed_html"]),
        feed_text=facts["feed_text"],
    )


def find_id_by_url(connection: Connection, user_id: int, url: str) -> int | None:
    """The newest entry with this address that the person follows."""
    query = select(entries.c.id).join(subscriptions, followed_by(user_id)).where(entries.c.url == url)
    found = connection.scalar(query.order_by(entries.c.id.desc()).limit(1))
    return None if found is None else int(found)


# ── status ───────────────────────────────────────────────────────────────────────────────────────


def set_read(connection: Connection, user_id: int, entry_id: int, *, read: bool, now: datetime) -> None:
    """Mark one entry; marking twice changes nothing. One that is unread again is hidden no more."""
    entry = get_entry(connection, user_id, entry_id)
    if entry.read != read:
        marks = {"read_at": now} if read else {"read_at": None, "hidden_by": None}
        _upsert_status(connection, user_id, entry_id, **marks)
        kept.move_unread(connection, user_id, entry.feed_id, -1 if read else 1)


def set_starred(connection: Connection, user_id: int, entry_id: int, *, starred: bool, now: datetime) -> None:
    entry = get_entry(connection, user_id, entry_id)
    if entry.starred != starred:
        _upsert_status(connection, user_id, entry_id, starred_at=now if starred else None)


def _upsert_status(connection: Connection, user_id: int, entry_id: int, **values: datetime | None) -> None:
    statement = insert_into(connection, statuses).values(user_id=user_id, entry_id=entry_id, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["user_id", "entry_id"], set_=values))


def mark_all_read(
    connection: Connection,
    user_id: int,
    *,
    now: datetime,
    up_to: int,
    feed_id: int | None = None,
    category_ids: tuple[int, ...] | None = None,
) -> int:
    """Mark what the person saw: unread entries with an id up to `up_to`. Returns how many.

    Entries that arrived after the page was shown have larger ids and stay unread. All bear the moment `now`,
    by which `unmark` finds them again.
    """
    scope = [] if feed_id is None else [entries.c.feed_id == feed_id]
    if category_ids is not None:
        scope.append(subscriptions.c.category_id.in_(category_ids))
    unread = (
        select(
            literal(user_id).label("user_id"),
            entries.c.id,
            literal(now, statuses.c.read_at.type).label("read_at"),
        )
        .join(subscriptions, followed_by(user_id))
        .outerjoin(statuses, status_of(user_id))
        .where(entries.c.id <= up_to, statuses.c.read_at.is_(None), *scope)
    )
    statement = insert_into(connection, statuses).from_select(["user_id", "entry_id", "read_at"], unread)
    marked = connection.execute(
        statement.on_conflict_do_update(
            index_elements=["user_id", "entry_id"], set_={"read_at": statement.excluded.read_at}
        ),
        execution_options={"preserve_rowcount": True},  # psycopg's is -1 without it
    ).rowcount
    _recount(connection, user_id, feed_id)
    return marked


def unmark(connection: Connection, user_id: int, *, read_at: datetime) -> int:
    """Make unread again what was marked in one go at that very moment. Returns how many."""
    undone = connection.execute(
        update(statuses)
        .where(statuses.c.user_id == user_id, statuses.c.read_at == read_at)
        .values(read_at=None),
        execution_options={"preserve_rowcount": True},
    ).rowcount
    _recount(connection, user_id, None)
    return undone


def _recount(connection: Connection, user_id: int, feed_id: int | None) -> None:
    unread = (
        select(func.count())
        .select_from(entries.outerjoin(statuses, status_of(user_id)))
        .where(entries.c.feed_id == subscriptions.c.feed_id, statuses.c.read_at.is_(None))
        .scalar_subquery()
    )
    scope = [] if feed_id is None else [subscriptions.c.feed_id == feed_id]
    connection.execute(
        update(subscriptions).where(subscriptions.c.user_id == user_id, *scope).values(unread=unread)
    )


def newest_id(connection: Connection) -> int:
    """The largest id handed out; 0 in an empty library."""
    return int(connection.scalar(_newest_id()) or 0)


@cache
def _newest_id() -> Select[tuple[int]]:
    return select(func.coalesce(func.max(entries.c.id), 0))
