"""Statements that are built once and executed with other values each time.

To build a statement of SQLAlchemy and the key of its cache takes several times as long as to run it. What a
page asks is therefore built by a function under `functools.cache`, with these parameters in place of values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Integer, bindparam

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

USER: ColumnElement[int] = bindparam("user_id", type_=Integer)
IDS = bindparam("ids", type_=Integer, expanding=True)
