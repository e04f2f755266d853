"""What the pages are given, and how a view reaches it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from flask import abort, current_app, g

from aggregator.policies import PeoplePolicy, RelatedPolicy, RetentionPolicy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from ipaddress import IPv4Network, IPv6Network

    from sqlalchemy import Connection

    from aggregator.completing import Completer
    from aggregator.pictures import Pictures
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
    completer: Completer
    request_refresh: Callable[[bool], None]
    """Start a refresh in the background and return at once. True: a person asks for news, also of feeds that
    are not due; those that were checked minutes ago or that fail are left alone."""
    secret_key: bytes
    """Signs the session cookie, the tokens of the forms and the addresses of pictures."""
    pictures: Pictures
    related: RelatedPolicy = field(default_factory=RelatedPolicy)
    """What "Lire aussi" shows, before the owner's choices."""
    retention: RetentionPolicy = field(default_factory=RetentionPolicy)
    """What is kept of a feed without a rule of its own."""
    hosts: tuple[str, ...] = ()
    """Names under which the pages may be asked for, besides `localhost` and plain IP addresses."""
    watchers: tuple[IPv4Network | IPv6Network, ...] = ()
    """From where machines may watch, besides this one."""
    demands_login: bool = False
    """True where others than this machine may ask: nobody comes in before the owner has a password."""
    user_header: str = ""
    """Where one of `proxies` names whom it let in; empty: nowhere."""
    proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    people: PeoplePolicy = field(default_factory=PeoplePolicy)
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
    """A connection for reading, and the id of the person who reads.

    Inside another one it is the same connection: what a page shows is of one moment, and costs one
    transaction.
    """
    reader, outer = reader_id(), g.get("connection")
    if outer is not None:
        yield outer, reader
        return
    with services().database.read() as connection:
        g.connection = connection
        try:
            yield connection, reader
        finally:
            g.connection = None


@contextmanager
def writing() -> Iterator[tuple[Connection, int]]:
    """The same inside a transaction that writes."""
    with services().database.write() as connection:
        yield connection, reader_id()


def reader_id() -> int:
    """The id of the person who reads, whom `web.people` let in; without one the request ends here."""
    person = g.get("person")
    if person is None:
        abort(401)
    found: int = person.id
    return found
