"""What the pages are given, and how a view reaches it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from flask import current_app

from aggregator.policies import RelatedPolicy, RetentionPolicy
from aggregator.storage.users import get_owner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from ipaddress import IPv4Network, IPv6Network

    from sqlalchemy import Connection

    from aggregator.storage.engine import Database
    from aggregator.subscribing import Subscriber

EXTENSION = "lire-aussi"


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _no_heartbeat() -> None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything that the pages need of the rest of the program."""

    database: Database
    subscriber: Subscriber
    request_refresh: Callable[[bool], None]
    """Start a refresh in the background and return at once. True: a person asks for news, also of feeds that
    are not due; those that were checked minutes ago or that fail are left alone."""
    secret_key: bytes
    """Signs the session cookie and the tokens of the forms."""
    related: RelatedPolicy = field(default_factory=RelatedPolicy)
    """What "Lire aussi" shows, before the owner's choices."""
    retention: RetentionPolicy = field(default_factory=RetentionPolicy)
    """What is kept of a feed without a rule of its own."""
    hosts: tuple[str, ...] = ()
    """Names under which the pages may be asked for, besides `localhost` and plain IP addresses."""
    watchers: tuple[IPv4Network | IPv6Network, ...] = ()
    """From where machines may watch, besides this one."""
    heartbeat: Callable[[], datetime | None] = _no_heartbeat
    """When the scheduler last gave a sign of life; None where this process has none."""
    every: timedelta = timedelta(minutes=1)
    """How often it is to give one."""
    clock: Callable[[], datetime] = _utc_now


def services() -> Services:
    found: Services = current_app.extensions[EXTENSION]
    return found


@contextmanager
def reading() -> Iterator[tuple[Connection, int]]:
    """A connection for reading, and the id of the person who reads."""
    with services().database.read() as connection:
        yield connection, get_owner(connection).id


@contextmanager
def writing() -> Iterator[tuple[Connection, int]]:
    """The same inside a transaction that writes."""
    with services().database.write() as connection:
        yield connection, get_owner(connection).id


def reader_id() -> int:
    """The id of the person who reads, for a use-case that opens the database itself."""
    with reading() as (_, reader):
        return reader
