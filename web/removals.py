"""What undoing a removal needs, signed, in a button of a form: the library keeps nothing of it.

Nobody else can make one, and none is good for longer than an hour.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, TypedDict

from itsdangerous import BadSignature, URLSafeTimedSerializer

from web.services import services

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aggregator.domain import CategoryPath, SavedSearch, Subscription

_GOOD_FOR_SECONDS = 3600
_LONGEST = 2000
"""It waits in the session cookie, of which browsers keep 4 KB."""


def sign_removals(gone: Sequence[Subscription]) -> str:
    """Of several at once; empty where it would be too long."""
    signed = _signer(_SEVERAL).dumps([_said(one) for one in gone])
    return signed if len(signed) <= _LONGEST else ""


def read_removals(signed: str) -> tuple[Removal, ...] | None:
    """None where it was not signed here, or long ago."""
    try:
        said = _signer(_SEVERAL).loads(signed, max_age=_GOOD_FOR_SECONDS)
    except BadSignature:
        return None
    return tuple(
        Removal(feed_id=feed_id, title=title, category=tuple(category)) for feed_id, title, *category in said
    )


class Removal(TypedDict):
    feed_id: int
    title: str | None
    """The person's own."""
    category: CategoryPath


def sign_removal(gone: Subscription) -> str:
    """Empty where it would be too long."""
    signed = _signer().dumps(_said(gone))
    return signed if len(signed) <= _LONGEST else ""


def _said(gone: Subscription) -> list[int | str | None]:
    title = None if gone.title == gone.feed.title else gone.title
    return [gone.feed.id, title, *gone.category]


def read_removal(signed: str) -> Removal | None:
    """None where it was not signed here, or long ago."""
    try:
        feed_id, title, *category = _signer().loads(signed, max_age=_GOOD_FOR_SECONDS)
    except BadSignature:
        return None
    return Removal(feed_id=feed_id, title=title, category=tuple(category))


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
    try:
        return datetime.fromisoformat(_signer(_MARKING).loads(signed, max_age=_GOOD_FOR_SECONDS))
    except BadSignature:
        return None


_MARKING = "marking of all"
_SEVERAL = "removal of several feeds"
_SEARCH = "deletion of a search"


def _signer(salt: str = "removal of a feed") -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(services().secret_key, salt=salt)
