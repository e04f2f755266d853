"""What undoing needs, signed, in a button of a form.

Nobody else can make one, nor use that of another person; none is good for longer than an hour.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from itsdangerous import BadSignature, URLSafeTimedSerializer

from web.services import reader_id, services

if TYPE_CHECKING:
    from aggregator.domain import SavedSearch

_GOOD_FOR_SECONDS = 3600


def sign_removal(removed_at: datetime) -> str:
    """The moment by which what was removed in one go is found again."""
    return _signer(_REMOVAL).dumps(removed_at.isoformat())


def read_removal(signed: str) -> datetime | None:
    """None where it was not signed here, or long ago."""
    return _read_moment(_REMOVAL, signed)


def sign_deleted_search(gone: SavedSearch) -> str:
    return _signer(_SEARCH).dumps([gone.name, gone.query])


def read_deleted_search(signed: str) -> tuple[str, str] | None:
    """Its name and query; None where it was not signed here, or long ago."""
    try:
        name, query = _signer(_SEARCH).loads(signed, max_age=_GOOD_FOR_SECONDS)
    except BadSignature:
        return None
    return str(name), str(query)


def sign_marking(read_at: datetime) -> str:
    """The moment by which what was marked in one go is found again."""
    return _signer(_MARKING).dumps(read_at.isoformat())


def read_marking(signed: str) -> datetime | None:
    """None where it was not signed here, or long ago."""
    return _read_moment(_MARKING, signed)


_MARKING = "marking of all"
_REMOVAL = "removal of feeds"
_SEARCH = "deletion of a search"


def _read_moment(salt: str, signed: str) -> datetime | None:
    try:
        return datetime.fromisoformat(_signer(salt).loads(signed, max_age=_GOOD_FOR_SECONDS))
    except BadSignature:
        return None


def _signer(salt: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(services().secret_key, salt=f"{salt} by {reader_id()}")
