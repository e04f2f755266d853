"""Entries as each person reads them.

Every query joins that person's subscriptions; what the person starred stays in sight when its feed is
followed no more. How entries come in is in `recording.py`, what persons mark in `marking.py`.
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
    func,
    or_,
    select,
)
from sqlalchemy.sql.elements import UnaryExpression
from sqlalchemy.sql.operators import custom_op

from aggregator.domain import Entry, FullText, Headline, SafeHtml
from aggregator.errors import NotFound
from aggregator.storage.prepared import USER
from aggregator.storage.schema import (
    entries,
    feeds,
    full_texts,
    revisions,
    statuses,
    subscriptions,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Row, RowMapping, Select

_EXCERPT_CHARACTERS = 280


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


def followed_by(user_id: int | ColumnElement[int], *, leads: bool = True) -> ColumnElement[bool]:
    """Joins entries to the person's subscriptions. `leads` False is for queries that begin elsewhere.

    SQLite, which would begin with all that the person follows, is kept from it by the unary plus
    (https://sqlite.org/optoverview.html#uplus).
    """
    owner: ColumnElement[int] = subscriptions.c.user_id
    if not leads:
        owner = UnaryExpression(owner, operator=custom_op("+"))
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

    `by_date` is for lists in the order of an index.
    """
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
        .join(subscriptions, followed_by(user_id, leads=not by_date), isouter=unfollowed)
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
