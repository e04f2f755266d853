"""Who reads: accounts, where they are logged in, and the keys of their programs.

Secrets come in as digests, passwords as argon2 hashes: what is stored lets nobody in.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, exists, func, insert, or_, select, update

from aggregator.domain import ApiKey, Session, User
from aggregator.errors import AccountError, NotFound
from aggregator.storage.schema import api_keys, sessions, setup_tokens, subscriptions, users

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from sqlalchemy import Connection, Row, Select


def _users() -> Select[tuple[object, ...]]:
    return select(
        users.c.id,
        users.c.name,
        users.c.role,
        users.c.language,
        users.c.password_hash.is_not(None).label("has_password"),
    ).order_by(users.c.id)


def _to_user(row: Row[tuple[object, ...]]) -> User:
    return User(
        id=row.id, name=row.name, role=row.role, language=row.language, has_password=bool(row.has_password)
    )


def get_owner(connection: Connection) -> User:
    """The first one: whom the command and a library without passwords serve."""
    return _to_user(connection.execute(_owner()).one())


@cache
def _owner() -> Select[tuple[object, ...]]:
    return _users().where(users.c.role == "owner").limit(1)


def list_users(connection: Connection) -> tuple[User, ...]:
    return tuple(_to_user(row) for row in connection.execute(_users()))


def find_user(connection: Connection, name: str) -> User | None:
    row = connection.execute(_users().where(users.c.name == name)).first()
    return None if row is None else _to_user(row)


def get_user(connection: Connection, name: str) -> User:
    found = find_user(connection, name)
    if found is None:
        raise NotFound(name, "there is no such account", advice="`lire-aussi user list` shows all.")
    return found


def add_user(connection: Connection, name: str, *, role: str, password_hash: str, now: datetime) -> int:
    if find_user(connection, name):
        raise AccountError(name, "there is such an account already")
    row = {"name": name, "role": role, "password_hash": password_hash, "created_at": now}
    return int(connection.execute(insert(users).values(row).returning(users.c.id)).scalar_one())


def remove_user(connection: Connection, name: str) -> None:
    """With everything that they said. Raises `AccountError` for the last owner."""
    user = get_user(connection, name)
    owners = connection.scalar(select(func.count()).where(users.c.role == "owner")) or 0
    if user.is_owner and owners == 1:
        raise AccountError(name, "is the last owner", advice="Add another one first.")
    connection.execute(delete(users).where(users.c.id == user.id))


def has_several(connection: Connection) -> bool:
    return (connection.scalar(select(func.count()).select_from(users)) or 0) > 1


def has_passwords(connection: Connection) -> bool:
    return bool(connection.scalar(_some_password()))


@cache
def _some_password() -> Select[tuple[bool]]:
    return select(exists().where(users.c.password_hash.is_not(None)))


def find_password_hash(connection: Connection, user_id: int) -> str | None:
    return connection.scalar(select(users.c.password_hash).where(users.c.id == user_id))


def set_password(connection: Connection, user_id: int, password_hash: str) -> None:
    """Whoever was logged in before is so no longer; links that would set a first password end."""
    connection.execute(update(users).where(users.c.id == user_id).values(password_hash=password_hash))
    connection.execute(delete(sessions).where(sessions.c.user_id == user_id))
    connection.execute(delete(setup_tokens))


def set_language(connection: Connection, user_id: int, language: str | None) -> None:
    connection.execute(update(users).where(users.c.id == user_id).values(language=language))


def count_subscriptions(connection: Connection, user_id: int) -> int:
    return connection.scalar(select(func.count()).where(subscriptions.c.user_id == user_id)) or 0


# ── sessions ─────────────────────────────────────────────────────────────────────────────────────


def add_session(connection: Connection, user_id: int, digest: str, *, browser: str, now: datetime) -> None:
    row = {"user_id": user_id, "digest": digest, "browser": browser, "created_at": now, "seen_at": now}
    connection.execute(insert(sessions).values(row))


def find_session(
    connection: Connection, digest: str, *, now: datetime, idle: timedelta, longest: timedelta
) -> tuple[User, Session] | None:
    """None where it has ended: unused for `idle`, or `longest` old."""
    values = {"digest": digest, "seen_after": now - idle, "created_after": now - longest}
    row = connection.execute(_session_of(), values).first()
    return None if row is None else (_to_user(row), _to_session(row))


@cache
def _session_of() -> Select[tuple[object, ...]]:
    return (
        _users()
        .add_columns(sessions.c.id.label("session_id"), *_SESSION)
        .join(sessions, sessions.c.user_id == users.c.id)
        .where(
            sessions.c.digest == bindparam("digest"),
            sessions.c.seen_at > bindparam("seen_after"),
            sessions.c.created_at > bindparam("created_after"),
        )
    )


_SESSION = (sessions.c.created_at, sessions.c.seen_at, sessions.c.browser)


def _to_session(row: Row[*tuple[Any, ...]]) -> Session:
    return Session(id=row.session_id, created_at=row.created_at, seen_at=row.seen_at, browser=row.browser)


def touch_session(connection: Connection, session_id: int, *, now: datetime) -> None:
    connection.execute(update(sessions).where(sessions.c.id == session_id).values(seen_at=now))


def list_sessions(connection: Connection, user_id: int) -> tuple[Session, ...]:
    """The last used first."""
    query = select(sessions.c.id.label("session_id"), *_SESSION).where(sessions.c.user_id == user_id)
    rows = connection.execute(query.order_by(sessions.c.seen_at.desc(), sessions.c.id.desc()))
    return tuple(_to_session(row) for row in rows)


def end_session(connection: Connection, user_id: int, session_id: int) -> None:
    is_theirs = (sessions.c.id == session_id) & (sessions.c.user_id == user_id)
    connection.execute(delete(sessions).where(is_theirs))


def forget_ended(connection: Connection, *, now: datetime, idle: timedelta, longest: timedelta) -> None:
    ended = or_(sessions.c.seen_at <= now - idle, sessions.c.created_at <= now - longest)
    connection.execute(delete(sessions).where(ended))


# ── keys ─────────────────────────────────────────────────────────────────────────────────────────


def add_key(
    connection: Connection, user_id: int, digest: str, *, name: str, scope: str, now: datetime
) -> None:
    row = {"user_id": user_id, "digest": digest, "name": name, "scope": scope, "created_at": now}
    connection.execute(insert(api_keys).values(row))


_KEY = (api_keys.c.scope, api_keys.c.created_at, api_keys.c.used_at)


def find_key(connection: Connection, digest: str) -> tuple[User, ApiKey] | None:
    row = connection.execute(
        _users()
        .add_columns(api_keys.c.id.label("key_id"), api_keys.c.name.label("key_name"), *_KEY)
        .join(api_keys, api_keys.c.user_id == users.c.id)
        .where(api_keys.c.digest == digest)
    ).first()
    return None if row is None else (_to_user(row), _to_key(row))


def _to_key(row: Row[*tuple[Any, ...]]) -> ApiKey:
    return ApiKey(
        id=row.key_id, name=row.key_name, scope=row.scope, created_at=row.created_at, used_at=row.used_at
    )


def touch_key(connection: Connection, key_id: int, *, now: datetime) -> None:
    connection.execute(update(api_keys).where(api_keys.c.id == key_id).values(used_at=now))


def list_keys(connection: Connection, user_id: int) -> tuple[ApiKey, ...]:
    columns = (api_keys.c.id.label("key_id"), api_keys.c.name.label("key_name"), *_KEY)
    rows = connection.execute(select(*columns).where(api_keys.c.user_id == user_id).order_by(api_keys.c.id))
    return tuple(_to_key(row) for row in rows)


def remove_key(connection: Connection, user_id: int, key_id: int) -> None:
    is_theirs = (api_keys.c.id == key_id) & (api_keys.c.user_id == user_id)
    connection.execute(delete(api_keys).where(is_theirs))


# ── the link of the first start ──────────────────────────────────────────────────────────────────


def add_setup_token(connection: Connection, digest: str, *, until: datetime) -> None:
    """The newest alone is good."""
    connection.execute(delete(setup_tokens))
    connection.execute(insert(setup_tokens).values(digest=digest, until=until))


def is_setup_token(connection: Connection, digest: str, *, now: datetime) -> bool:
    good = (setup_tokens.c.digest == digest) & (setup_tokens.c.until > now)
    return bool(connection.scalar(select(exists().where(good))))
