"""Full-text search: FTS5 on SQLite, tsvector on PostgreSQL, ordered by relevance.

A query is words, "exact phrases" and -excluded words; everything else in it is text, never syntax.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Float, Integer, Text, column, func, literal_column, table, text
from sqlalchemy.dialects.postgresql import TSVECTOR

from aggregator.storage.entries import headline_columns, to_headline
from aggregator.storage.schema import entries

if TYPE_CHECKING:
    from sqlalchemy import Connection, Select

    from aggregator.domain import Headline

_PIECE = re.compile(r'(-?)"([^"]*)"|(\S+)')
_LETTER = re.compile(r"[^\W_]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Phrases (a word is a phrase of one) that must and must not occur."""

    wanted: tuple[str, ...]
    unwanted: tuple[str, ...]


def parse_query(words: str) -> Query:
    """Read what a person typed. Pieces without a letter or digit are ignored."""
    wanted: list[str] = []
    unwanted: list[str] = []
    for minus, phrase, word in _PIECE.findall(words.replace("\0", " ")):
        excluded = minus == "-" or (word.startswith("-") and len(word) > 1)
        piece = phrase or word.removeprefix("-").replace('"', "")
        if _LETTER.search(piece):
            (unwanted if excluded else wanted).append(piece)
    return Query(wanted=tuple(wanted), unwanted=tuple(unwanted))


def search_headlines(
    connection: Connection, user_id: int, words: str, *, limit: int = 50, offset: int = 0
) -> tuple[Headline, ...]:
    """The entries that hold every wanted phrase, most relevant first; a title weighs more than a text."""
    query = parse_query(words)
    if not query.wanted:
        return ()
    matching = _on_postgresql if connection.dialect.name == "postgresql" else _on_sqlite
    found = matching(headline_columns(user_id), query).limit(limit).offset(offset)
    return tuple(to_headline(row) for row in connection.execute(found))


def _on_sqlite(headlines: Select[tuple[object, ...]], query: Query) -> Select[tuple[object, ...]]:
    index = table("entries_fts", column("rowid", Integer), column("rank", Float), column("entries_fts", Text))
    match = " AND ".join(f'"{phrase}"' for phrase in query.wanted)
    for phrase in query.unwanted:
        match = f'({match}) NOT "{phrase}"'
    return (
        headlines.join(index, index.c.rowid == entries.c.id)
        .where(index.c.entries_fts.op("MATCH")(match))
        .order_by(text("bm25(entries_fts, 5.0, 1.0)"), entries.c.id.desc())
    )


def _on_postgresql(headlines: Select[tuple[object, ...]], query: Query) -> Select[tuple[object, ...]]:
    typed = " ".join([*(f'"{p}"' for p in query.wanted), *(f'-"{p}"' for p in query.unwanted)])
    wanted = func.websearch_to_tsquery(text("'simple'"), typed)
    vector = literal_column("entries.search_vector", TSVECTOR)
    return headlines.where(vector.op("@@")(wanted)).order_by(
        func.ts_rank(vector, wanted).desc(), entries.c.id.desc()
    )
