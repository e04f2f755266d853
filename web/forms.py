"""Fields of forms, read strictly: what a form of ours cannot have sent is a bad request."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from flask import abort, request

if TYPE_CHECKING:
    from aggregator.domain import CategoryPath

_ID = re.compile(r"\d{1,10}", re.ASCII)
_LARGEST_ID = 2**31 - 1
"""What an INTEGER column of PostgreSQL holds."""

LONGEST_PATH = 500
"""Of a category, as it is typed."""

ID = f"int(max={_LARGEST_ID})"
"""For routes: a larger number is no page, rather than an error of the database."""


def read_id(name: str) -> int | None:
    """An id; None where the field is absent."""
    text = request.form.get(name)
    if text is None:
        return None
    found = parse_id(text)
    return abort(400) if found is None else found


def parse_id(text: str) -> int | None:
    """None for what is no id."""
    return int(text) if _ID.fullmatch(text) and int(text) <= _LARGEST_ID else None


def read_switch(name: str) -> bool:
    """ "1" or "0"."""
    text = request.form.get(name)
    if text not in ("0", "1"):
        abort(400)
    return text == "1"


def write_path(path: CategoryPath) -> str:
    """A category as the value of a field: its names may hold any sign."""
    return json.dumps(path, ensure_ascii=False)


def parse_path(text: str) -> CategoryPath | None:
    """What `write_path` wrote; None for anything else."""
    try:
        path = json.loads(text)
        json.dumps(path, ensure_ascii=False).encode()  # half a character cannot be looked for
    except (ValueError, RecursionError):
        return None
    if isinstance(path, list) and path and all(isinstance(name, str) for name in path):
        return tuple(path)
    return None
