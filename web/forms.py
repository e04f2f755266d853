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

ID = f"int(max={_LARGEST_ID})"
"""For routes: a larger number is no page, rather than an error of the database."""


def read_id(name: str) -> int | None:
    """An id; None where the field is absent."""
    text = request.form.get(name)
    if text is None:
        return None
    if not _ID.fullmatch(text) or int(text) > _LARGEST_ID:
        abort(400)
    return int(text)


def read_switch(name: str) -> bool:
    """ "1" or "0"."""
    text = request.form.get(name)
    if text not in ("0", "1"):
        abort(400)
    return text == "1"


def write_path(path: CategoryPath) -> str:
    """A category as the value of a field: its names may hold any sign."""
    return json.dumps(path, ensure_ascii=False)
