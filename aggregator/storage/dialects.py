"""What each database says in words of its own: ON CONFLICT, the folding of names, the day of a moment.

Folded is a text without accents and in small letters. SQLite asks `searching.words.fold`, which `engine`
gives to each connection. PostgreSQL takes the marks off itself; the order of what is left is that of its code
points, as in SQLite, whatever the database's locale.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import Boolean, Date, Text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

if TYPE_CHECKING:
    from sqlalchemy import Connection, Table
    from sqlalchemy.sql.compiler import SQLCompiler

_MARKS = "[\u0300-\u036f]"


def insert_into(connection: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """An INSERT that can say ON CONFLICT, in the database's own words."""
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


class folded(FunctionElement[str]):  # noqa: N801 (it reads as a function of SQL)
    """Of a text that is not NULL."""

    name = "folded"
    type = Text()
    inherit_cache = True


class occurs_in(FunctionElement[bool]):  # noqa: N801
    """Whether the first text is part of the second, both folded."""

    name = "occurs_in"
    type = Boolean()
    inherit_cache = True


class shifted_day(FunctionElement[date]):  # noqa: N801
    """The day of a moment so many seconds later: that of a place with such an offset from UTC."""

    name = "shifted_day"
    type = Date()
    inherit_cache = True


@compiles(folded, "sqlite")
def _fold_sqlite(element: folded, compiler: SQLCompiler, **options: Any) -> str:
    return f"fold({compiler.process(element.clauses, **options)})"


@compiles(folded, "postgresql")
def _fold_postgresql(element: folded, compiler: SQLCompiler, **options: Any) -> str:
    text = compiler.process(element.clauses, **options)
    plain = f"regexp_replace(normalize(CAST({text} AS text), NFD), '{_MARKS}', '', 'g')"
    return f'(lower({plain}) COLLATE "C")'


@compiles(occurs_in, "sqlite")
@compiles(occurs_in, "postgresql")
def _occurs(element: occurs_in, compiler: SQLCompiler, **options: Any) -> str:
    part, whole = (compiler.process(folded(text), **options) for text in element.clauses)
    find = "instr" if compiler.dialect.name == "sqlite" else "strpos"
    return f"({find}({whole}, {part}) > 0)"


@compiles(shifted_day, "sqlite")
def _day_sqlite(element: shifted_day, compiler: SQLCompiler, **options: Any) -> str:
    moment, seconds = (compiler.process(clause, **options) for clause in element.clauses)
    return f"date({moment}, {seconds} || ' seconds')"


@compiles(shifted_day, "postgresql")
def _day_postgresql(element: shifted_day, compiler: SQLCompiler, **options: Any) -> str:
    moment, seconds = (compiler.process(clause, **options) for clause in element.clauses)
    return f"CAST({moment} AT TIME ZONE 'UTC' + make_interval(secs => {seconds}) AS date)"
