"""Names as they are compared: without accents, in small letters. Each database folds in words of its own.

SQLite asks `searching.words.fold`, which `engine` gives to each connection. PostgreSQL takes the marks off
itself; the order of what is left is that of its code points, as in SQLite, whatever the database's locale.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Boolean, Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

if TYPE_CHECKING:
    from sqlalchemy.sql.compiler import SQLCompiler

_MARKS = "[\u0300-\u036f]"


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
