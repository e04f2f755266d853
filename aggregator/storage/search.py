"""Full-text search: FTS5 on SQLite, tsvector on PostgreSQL; relevance and recency order it.

Words are found without regard to accents and in their other French and English forms: PostgreSQL keeps
stems in its index; on SQLite a word is looked up in the vocabulary of the index, and all its forms are asked
for, so that stemming costs nothing when entries arrive. What was typed is never syntax of the database.

Of a query that more than `MAX_COUNTED` entries meet, the newest so many are weighed, and as many of the
newest that have its words in their titles: the cost has a bound however large the library is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from functools import cache, reduce
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from unicodedata import normalize

from sqlalchemy import Float, Integer, Text, column, func, literal, literal_column, select, table
from sqlalchemy.dialects.postgresql import TSVECTOR

from aggregator.searching.language import Problem, Query, Term
from aggregator.searching.ranking import weight
from aggregator.searching.snippets import Marker, Piece
from aggregator.searching.words import are_forms, fold, shared_beginnings, split_words
from aggregator.storage.columntypes import UtcDateTime
from aggregator.storage.entries import feed_title, followed_by, headline_columns, status_of, to_headline
from aggregator.storage.prepared import IDS, USER
from aggregator.storage.schema import categories, entries, feeds, statuses, subscriptions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy import ColumnElement, Connection, Select

    from aggregator.domain import CategoryPath, Headline

MAX_COUNTED = 1000
Order = Literal["relevance", "date"]

_MAX_FORMS = 60
_READ_CHARACTERS = 20_000
"""Of a text, where its snippet is looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    headline: Headline
    title: tuple[Piece, ...]
    snippet: tuple[Piece, ...]
    """Empty where no wanted word stands in the beginning of the text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    hits: tuple[Hit, ...] = ()
    total: int = 0
    more: bool = False
    """There are more than `total`."""
    problems: tuple[Problem, ...] = ()
    """Those of the query, and names of feeds and categories that mean none."""


_Candidate = tuple[int, float, float]
"""An entry's id, its relevance, its age in days. Plain, for there are two thousand of them in a search."""


def search_entries(
    connection: Connection,
    user_id: int,
    query: Query,
    *,
    now: datetime,
    order: Order = "relevance",
    limit: int = 30,
    offset: int = 0,
) -> Found:
    """What the person follows (or has starred, where that is asked for) and the query means."""
    feed_ids, problems = _meant_feeds(connection, user_id, query)
    problems = (*query.problems, *problems)
    if not query.asks or feed_ids == frozenset():
        return Found(problems=problems)
    conditions = _Conditions(
        entries=tuple(_entry_conditions(query, feed_ids, now)), statuses=tuple(_status_conditions(query))
    )
    spelling = _Sqlite(connection)
    found = _candidates(connection, user_id, query, conditions, now, spelling)
    more = len(found) > MAX_COUNTED
    if more and order == "relevance" and query.wanted:
        titled = _candidates(connection, user_id, _in_titles(query), conditions, now, spelling)
        found = list({one[0]: one for one in (*titled, *found)}.values())
    ordered = _ordered(found, order if query.wanted else "date")[:MAX_COUNTED]
    ids = [one[0] for one in ordered[offset : offset + limit]]
    return Found(
        hits=_hits(connection, user_id, query, ids), total=len(ordered), more=more, problems=problems
    )


def _ordered(found: Sequence[_Candidate], order: Order) -> list[_Candidate]:
    if order == "date":
        return sorted(found, key=lambda one: (one[2], -one[0]))
    return sorted(found, key=lambda one: (-weight(one[1], one[2]), -one[0]))


def _in_titles(query: Query) -> Query:
    return replace(query, wanted=tuple(replace(t, field=t.field or "title") for t in query.wanted))


def _hits(connection: Connection, user_id: int, query: Query, ids: Sequence[int]) -> tuple[Hit, ...]:
    found = connection.execute(_read(), {"user_id": user_id, "ids": list(ids)})
    rows = {row._mapping["id"]: row for row in found}
    marker = Marker(query)
    headlines = [(to_headline(rows[i]), rows[i]._mapping["beginning"]) for i in ids if i in rows]
    return tuple(
        Hit(headline=headline, title=marker.title(headline.title), snippet=marker.snippet(beginning))
        for headline, beginning in headlines
    )


@cache
def _read() -> Select[tuple[object, ...]]:
    text = func.substr(entries.c.text, 1, _READ_CHARACTERS).label("beginning")
    # The ids are those that the person may see; without an outer join SQLite would walk all their feeds.
    return headline_columns(USER, unfollowed=True).add_columns(text).where(entries.c.id.in_(IDS))


# ── filters ──────────────────────────────────────────────────────────────────────────────────────


def _meant_feeds(
    connection: Connection, user_id: int, query: Query
) -> tuple[frozenset[int] | None, tuple[Problem, ...]]:
    """The ids of the feeds that may answer; None for all, none where a filter means none."""
    if not (query.feeds or query.categories):
        return None, ()
    rows = connection.execute(
        select(feeds.c.id, feed_title(), categories.c.path)
        .join(subscriptions, subscriptions.c.feed_id == feeds.c.id)
        .outerjoin(categories, categories.c.id == subscriptions.c.category_id)
        .where(subscriptions.c.user_id == user_id)
    )
    known = [(int(row.id), str(row.feed_title), row.path or ()) for row in rows]
    problems: list[Problem] = []
    sets: list[frozenset[int]] = []
    for code, names, means in (
        ("no-feed", query.feeds, _feed_means),
        ("no-category", query.categories, lambda name, _id, _title, path: names_category(name, path)),
    ):
        if names:
            meant = {name: frozenset(feed[0] for feed in known if means(name, *feed)) for name in names}
            problems += [Problem(code=code, subject=name) for name, ids in meant.items() if not ids]
            sets.append(frozenset().union(*meant.values()))
    return frozenset.intersection(*sets), tuple(problems)


def _feed_means(name: str, feed_id: int, title: str, _path: CategoryPath) -> bool:
    return name == str(feed_id) or (not name.isdecimal() and fold(name) in fold(title))


def names_category(name: str, path: CategoryPath) -> bool:
    """Whether a filter of a search means this category, or one that it is in."""
    asked = [split_words(part) for part in name.split("/")]
    there = [split_words(part) for part in path]
    return any(there[i : i + len(asked)] == asked for i in range(len(there)))


class _Conditions(NamedTuple):
    entries: tuple[ColumnElement[bool], ...]
    """Of feeds and days."""
    statuses: tuple[ColumnElement[bool], ...]


def _entry_conditions(
    query: Query, feed_ids: frozenset[int] | None, now: datetime
) -> Iterator[ColumnElement[bool]]:
    if feed_ids is not None:
        yield entries.c.feed_id.in_(sorted(feed_ids))
    first = query.from_day(now.astimezone().date())
    if first:
        yield entries.c.published_at >= datetime.combine(first, time()).astimezone()
    if query.until:
        end = datetime.combine(query.until + timedelta(days=1), time()).astimezone()
        yield entries.c.published_at < end


def _status_conditions(query: Query) -> Iterator[ColumnElement[bool]]:
    if query.read is not None:
        yield statuses.c.read_at.is_not(None) if query.read else statuses.c.read_at.is_(None)
    if query.starred:
        yield statuses.c.starred_at.is_not(None)


# ── candidates ───────────────────────────────────────────────────────────────────────────────────


def _candidates(
    connection: Connection,
    user_id: int,
    query: Query,
    conditions: _Conditions,
    now: datetime,
    spelling: _Sqlite,
) -> Sequence[_Candidate]:
    """The newest that the query means, one more than are counted."""
    sqlite = connection.dialect.name == "sqlite"
    selected = _on_sqlite(query, now, spelling) if sqlite else _on_postgresql(query, now)
    selected = selected.join(subscriptions, followed_by(user_id), isouter=query.starred)
    if conditions.statuses:
        selected = selected.outerjoin(statuses, status_of(user_id))
    if sqlite and query.wanted and conditions.entries:
        # Told from an index of the entries, by a set of ids, before any wide row is read; the plus keeps
        # SQLite from asking the search index for each of the ids.
        meant = select(entries.c.id).where(*conditions.entries).correlate(None)
        selected = selected.where(literal_column("+entries_fts.rowid", Integer).in_(meant))
    else:
        selected = selected.where(*conditions.entries)
    bounded = selected.where(*conditions.statuses).limit(MAX_COUNTED + 1)
    found: Sequence[Any] = connection.execute(bounded).all()
    return found


def _newest_first(
    query: Query, relevance: ColumnElement[float], age: ColumnElement[Any]
) -> Select[tuple[int, float, float]]:
    """Words find by id, as the index lies: ids follow arrival. Filters alone find by date."""
    by = (entries.c.id.desc(),) if query.wanted else (entries.c.published_at.desc(), entries.c.id.desc())
    return select(entries.c.id, relevance, age).select_from(entries).order_by(*by)


def _on_sqlite(query: Query, now: datetime, spelling: _Sqlite) -> Select[tuple[int, float, float]]:
    index = table("entries_fts", column("rowid", Integer), column("entries_fts", Text))
    unwanted = " OR ".join(map(spelling.term, query.unwanted))
    age = func.julianday(literal(now, UtcDateTime)) - func.julianday(entries.c.published_at, type_=Float)
    if not query.wanted:
        selected = _newest_first(query, literal(1.0), age)
        if unwanted:
            without = select(index.c.rowid).where(index.c.entries_fts.op("MATCH")(unwanted))
            selected = selected.where(entries.c.id.not_in(without))
        return selected
    match = " AND ".join(map(spelling.term, query.wanted))
    if unwanted:
        match = f"({match}) NOT ({unwanted})"
    relevance = literal_column("-bm25(entries_fts, 6.0, 2.0, 1.0)", Float)
    return (
        select(index.c.rowid, relevance, age)
        .select_from(index.join(entries, entries.c.id == index.c.rowid))
        .where(index.c.entries_fts.op("MATCH")(match))
        .order_by(index.c.rowid.desc())
    )


class _Sqlite:
    """Spells terms in the language of FTS5. Words are letters and digits, so quotes make them text."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: dict[str, list[str]] = {}

    def term(self, term: Term) -> str:
        if term.exact or term.beginning:
            words = f'"{" ".join(term.words)}"' + ("*" if term.beginning else "")
        else:
            words = " OR ".join(f'"{form}"' for form in self._forms_of(term.words[0]))
        return f"({{{term.field}}} : ({words}))" if term.field else f"({words})"

    def _forms_of(self, word: str) -> list[str]:
        if word not in self._known:
            self._known[word] = self._look_up(word)
        return self._known[word]

    def _look_up(self, word: str) -> list[str]:
        """The words of the index that are forms of the word, itself first."""
        known = table("entries_fts_words", column("term", Text)).c.term
        found = [word]
        for start in shared_beginnings(word):
            end = start[:-1] + chr(ord(start[-1]) + 1)
            terms = self._connection.scalars(select(known).where(known >= start, known < end))
            found += [term for term in terms if term != word and are_forms(word, term)]
        return found[:_MAX_FORMS]


_SIMPLE: ColumnElement[Any] = literal_column("'simple'::regconfig")
_FRENCH: ColumnElement[Any] = literal_column("'search_french'::regconfig")
_ENGLISH: ColumnElement[Any] = literal_column("'search_english'::regconfig")


def _on_postgresql(query: Query, now: datetime) -> Select[tuple[int, float, float]]:
    vector = literal_column("entries.search_vector", TSVECTOR)
    passed = literal(now, UtcDateTime).op("-")(entries.c.published_at)
    age = func.date_part("epoch", passed, type_=Float) / 86_400.0
    parts = [_tsquery(term) for term in query.wanted]
    parts += [func.tsquery_not(_tsquery(term)) for term in query.unwanted]
    if not parts:
        return _newest_first(query, literal(1.0), age)
    meant = _joined(func.tsquery_and, parts)
    relevance = func.ts_rank(vector, meant, 1, type_=Float)
    return _newest_first(query, relevance, age).where(vector.op("@@")(meant))


def _tsquery(term: Term) -> ColumnElement[str]:
    label = ("*" if term.beginning else "") + {"title": "A", "author": "B", "": ""}[term.field]
    words = [f"'{_without_marks(word)}'" for word in term.words]
    if label:
        words = [*(word + ":" + label.replace("*", "") for word in words[:-1]), f"{words[-1]}:{label}"]
    text = " <-> ".join(word.removesuffix(":") for word in words)
    configurations = (_SIMPLE,) if term.exact or term.beginning else (_SIMPLE, _FRENCH, _ENGLISH)
    return _joined(func.tsquery_or, [func.to_tsquery(known, text) for known in configurations])


def _without_marks(word: str) -> str:
    """As the index is: the marks of all scripts are gone."""
    return "".join(c for c in normalize("NFD", word) if not "\u0300" <= c <= "\u036f")


def _joined(
    join: Callable[[ColumnElement[str], ColumnElement[str]], ColumnElement[str]],
    parts: Sequence[ColumnElement[str]],
) -> ColumnElement[str]:
    return reduce(join, parts)
