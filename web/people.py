"""Who asks: every request is refused that nobody let in.

Promises: each route is closed but for those named here; a person comes in by a session that this server
knows, or by the word of a trusted proxy. While nobody has a password the owner needs none, on this machine
alone. What runs the place for all is the owner's. Guessing is slow: the forms that take a secret are limited.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

from flask import abort, current_app, g, redirect, request, session, url_for
from flask.sessions import SecureCookieSessionInterface
from flask_limiter import Limiter

from aggregator import accounts
from aggregator.storage import users
from web import api, credentials
from web.services import services

if TYPE_CHECKING:
    from datetime import datetime

    from flask import Flask
    from sqlalchemy import Connection
    from werkzeug.wrappers import Response

    from aggregator.domain import User
    from aggregator.policies import PeoplePolicy

OPEN = frozenset(
    {
        "static",
        "health.health",  # these two know their watchers themselves
        "metrics.metrics",
        "offline.worker",  # these two say nothing of anybody
        "offline.manifest",
        "health.robots",
        "push.verify",  # these two by a token that only the hub knows
        "push.receive",
        "credentials.login",
        "credentials.log_in",
        "credentials.setup",
        "credentials.set_up",
    }
)
"""For everybody. The API's routes are not open: they ask for a key."""

OWNERS = frozenset({"links.index", "links.save", "retention.keep"})
"""They change what all see."""

_GUESSES = "10 per minute; 60 per hour"


class _Cookies(SecureCookieSessionInterface):
    """Under TLS the cookie is bound to this host and never sent in the clear."""

    def get_cookie_name(self, app: Flask) -> str:
        name = super().get_cookie_name(app)
        return f"__Host-{name}" if request.is_secure else name

    def get_cookie_secure(self, app: Flask) -> bool:
        return request.is_secure or super().get_cookie_secure(app)

    def get_cookie_path(self, app: Flask) -> str:  # noqa: ARG002 (Flask's signature)
        return "/"


def install(app: Flask) -> None:
    app.session_interface = _Cookies()
    app.config["PERMANENT_SESSION_LIFETIME"] = accounts.LONGEST
    app.before_request(_let_in)
    app.context_processor(lambda: {"person": g.get("person"), "logged_in": g.get("session") is not None})
    app.register_blueprint(credentials.blueprint)
    app.register_blueprint(api.blueprint)


def limit(app: Flask, policy: PeoplePolicy) -> None:
    """Once all routes are there."""
    limiter = Limiter(
        lambda: request.remote_addr or "",
        storage_uri="memory://",
        headers_enabled=False,
        key_prefix="people",
    )
    limiter.init_app(app)
    limiter.limit(_GUESSES, methods=["POST"])(credentials.blueprint)
    limiter.limit(f"{policy.calls_per_minute} per minute", key_func=_asker)(api.blueprint)
    by_hand = limiter.shared_limit(f"{policy.refreshes_per_hour} per hour", scope="refresh", key_func=_asker)
    for name in ("entries.refresh", "api.refresh"):
        app.view_functions[name] = by_hand(app.view_functions[name])  # type: ignore[assignment]
    pages = limiter.limit(f"{policy.full_texts_per_hour} per hour", key_func=_asker)
    app.view_functions["fulltext.fetch"] = pages(app.view_functions["fulltext.fetch"])  # type: ignore[assignment]


def _asker() -> str:
    person = g.get("person")
    return str(person.id) if person is not None else request.remote_addr or ""


def _let_in() -> Response | None:
    g.person = g.session = None
    if request.endpoint in OPEN or request.endpoint is None:
        return None
    if request.blueprint == api.NAME:
        api.let_in()
        return None
    now = services().clock()
    with services().database.read() as connection:
        g.person = _find_person(connection, now)
        needs_setup = not users.has_passwords(connection)
    if g.session is not None and accounts.is_stale(g.session.seen_at, now):
        with services().database.write() as connection:
            users.touch_session(connection, g.session.id, now=now)
    if g.person is None:
        return _refuse(needs_setup=needs_setup)
    if request.endpoint in OWNERS and not g.person.is_owner:
        abort(403)
    return None


def _refuse(*, needs_setup: bool) -> Response:
    if needs_setup:
        abort(401)  # the page says what to do
    if request.method not in ("GET", "HEAD"):
        abort(403)
    return redirect(url_for("credentials.login"), 303)


def _find_person(connection: Connection, now: datetime) -> User | None:
    vouched = _vouched_name()
    if vouched is not None:
        return users.find_user(connection, vouched)
    found = accounts.find_login(connection, str(session.get("login", "")), now=now)
    if found is not None:
        person, g.session = found
        return person
    if services().demands_login or users.has_passwords(connection):
        return None
    return users.get_owner(connection)


def _vouched_name() -> str | None:
    """Whom a trusted proxy says that it let in; None where it says nothing, or nobody trusts it."""
    header = services().user_header
    if not header or not _is_trusted_peer():
        return None
    return request.headers.get(header)


def _is_trusted_peer() -> bool:
    """By who is really connected, not by what ProxyFix made of it."""
    original = request.environ.get("werkzeug.proxy_fix.orig", {})
    peer = original.get("REMOTE_ADDR") or request.environ.get("REMOTE_ADDR", "")
    try:
        address = ip_address(str(peer).partition("%")[0])
    except ValueError:
        current_app.logger.warning("a peer without an address")
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    return any(address in network for network in services().proxies)
