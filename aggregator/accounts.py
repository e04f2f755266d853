"""Use-case: who may come in. Passwords, logins, keys of programs, the link of the first start.

Promises: a password is kept as argon2id, any other secret (256 random bits) as its digest; a wrong name takes
as long as a wrong password; a new password ends every session of its person.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from aggregator.errors import AccountError
from aggregator.storage import users

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from aggregator.domain import ApiKey, Session, User

IDLE = timedelta(days=14)
LONGEST = timedelta(days=90)
SETUP_LASTS = timedelta(hours=1)
MIN_PASSWORD_CHARACTERS = 8
MAX_PASSWORD_CHARACTERS = 1_000
MAX_NAME_CHARACTERS = 80
MAX_KEYS = 50

_SEEN_AFTER = timedelta(minutes=10)
"""So often is it written down that a session or a key is used."""

_NOBODYS = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
"""A hash that no password has: it is checked where there is no account."""


def _hasher() -> PasswordHasher:
    """OWASP's least: 19 MiB, two passes, one lane."""
    return PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


def hash_password(password: str) -> str:
    """Raises `AccountError` for one that is too short or absurdly long."""
    if not MIN_PASSWORD_CHARACTERS <= len(password) <= MAX_PASSWORD_CHARACTERS:
        raise AccountError("password", f"has fewer than {MIN_PASSWORD_CHARACTERS} characters, or too many")
    return _hasher().hash(password)


def is_password(connection: Connection, user_id: int | None, password: str) -> bool:
    """False for nobody, as slowly as for somebody."""
    kept = users.find_password_hash(connection, user_id) if user_id is not None else None
    try:
        right = _hasher().verify(kept or _NOBODYS, password[: MAX_PASSWORD_CHARACTERS + 1])
    except (Argon2Error, InvalidHashError):
        return False
    return right and kept is not None


def check_name(name: str) -> str:
    """As it is kept. Raises `AccountError`."""
    proper = name.strip()
    if not proper or len(proper) > MAX_NAME_CHARACTERS or not proper.isprintable():
        raise AccountError("name", f"has no or more than {MAX_NAME_CHARACTERS} characters, or strange ones")
    return proper


def digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def log_in(connection: Connection, user_id: int, *, browser: str, now: datetime) -> str:
    """The secret of a new session. Sessions that ended are forgotten."""
    secret = secrets.token_urlsafe(32)
    users.forget_ended(connection, now=now, idle=IDLE, longest=LONGEST)
    users.add_session(connection, user_id, digest(secret), browser=browser[:200], now=now)
    return secret


def find_login(connection: Connection, secret: str, *, now: datetime) -> tuple[User, Session] | None:
    """None also for the empty secret, of somebody who never logged in."""
    if not secret:
        return None
    return users.find_session(connection, digest(secret), now=now, idle=IDLE, longest=LONGEST)


def is_stale(used_at: datetime | None, now: datetime) -> bool:
    """Whether to write down again that it is used."""
    return used_at is None or abs(now - used_at) >= _SEEN_AFTER


def make_key(connection: Connection, user_id: int, *, name: str, scope: str, now: datetime) -> str:
    """The key: it is shown once and cannot be read again."""
    if len(users.list_keys(connection, user_id)) >= MAX_KEYS:
        raise AccountError("keys", f"there are {MAX_KEYS} already", advice="Revoke one first.")
    key = f"la_{secrets.token_urlsafe(32)}"
    users.add_key(connection, user_id, digest(key), name=check_name(name), scope=scope, now=now)
    return key


def find_key(connection: Connection, key: str) -> tuple[User, ApiKey] | None:
    return users.find_key(connection, digest(key))


def make_setup_token(connection: Connection, *, now: datetime) -> str:
    token = secrets.token_urlsafe(32)
    users.add_setup_token(connection, digest(token), until=now + SETUP_LASTS)
    return token


def is_setup_token(connection: Connection, token: str, *, now: datetime) -> bool:
    """Never once somebody has a password."""
    return not users.has_passwords(connection) and users.is_setup_token(connection, digest(token), now=now)
