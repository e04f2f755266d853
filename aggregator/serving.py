"""One process that serves the pages and runs the jobs, until it is told to stop."""

from __future__ import annotations

import errno
import logging
import socket
from datetime import UTC, datetime
from ipaddress import ip_address
from threading import Thread
from typing import TYPE_CHECKING

from waitress import create_server

from aggregator import output
from aggregator.accounts import make_setup_token
from aggregator.errors import SettingsError
from aggregator.jobs import Jobs
from aggregator.storage.copies import find_damage
from aggregator.storage.users import has_passwords
from config.logging import configure_logging
from web import Services, create_app
from web.proxies import trust_proxies

if TYPE_CHECKING:
    from aggregator.domain import PruneReport, RefreshReport
    from aggregator.program import Program


log = logging.getLogger(__name__)


def run(program: Program, *, host: str, port: int, any_port: bool = False) -> None:
    """Serve until interrupted. `any_port` takes a free port where `port` is in use."""
    configure_logging(program.settings.log_level, program.settings.log_format)
    listener = _listen(host, port, any_port=any_port)

    def refresh(by_hand: bool) -> RefreshReport:
        report = program.refresher.refresh(by_hand=by_hand)
        program.renew_pushes()
        return report

    def prune() -> PruneReport | None:
        report = program.pruner.prune_if_due(now=datetime.now(UTC))
        if report is not None:
            program.pictures.prune()
        return report

    demands_login = not _is_loopback(listener) or bool(program.settings.pages.trusted_proxies)
    jobs = Jobs(refresh, program.settings.refresh.every, prune=prune)
    app = create_app(
        Services(
            database=program.database,
            subscriber=program.subscriber,
            completer=program.completer,
            request_refresh=jobs.request_refresh,
            secret_key=program.secret_key(),
            pictures=program.pictures,
            related=program.settings.related,
            retention=program.settings.retention,
            hosts=program.settings.pages.hosts,
            demands_login=demands_login,
            user_header=program.settings.pages.user_header,
            proxies=program.settings.pages.proxy_networks(),
            people=program.settings.people,
            watchers=program.settings.pages.watcher_networks(),
            heartbeat=jobs.heartbeat,
            every=program.settings.refresh.every,
        )
    )
    trust_proxies(app, program.settings.pages.proxy_networks())
    server = create_server(
        app,
        sockets=[listener],
        threads=program.settings.pages.threads + program.settings.pictures.at_once,
        ident=None,
        # What a proxy adds shows that a request comes from further away; `trust_proxies` believes no more.
        clear_untrusted_proxy_headers=False,
    )
    Thread(target=_look_for_damage, args=[program], daemon=True).start()
    with jobs:
        try:
            _announce(program, listener, demands_login=demands_login)
            server.run()  # returns on SystemExit and KeyboardInterrupt
        finally:
            program.stopping.set()
            server.close()


def _look_for_damage(program: Program) -> None:
    """Beside the pages: a large library takes a while to be read."""
    file = program.database.file
    for damage in find_damage(file, full=False) if file else ():
        log.error("the library is damaged: %s. Stop the server; `lire-aussi repair`.", damage)


def _listen(host: str, port: int, *, any_port: bool) -> socket.socket:
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, ValueError) as error:  # ValueError: a name that none can have, as "a..b"
        advice = "Use an address of this machine, for example 127.0.0.1."
        reason = getattr(error, "strerror", None) or "not a proper name"
        raise SettingsError(f"host {host}", f"no such address ({reason})", advice=advice) from error
    listener = socket.socket(family, kind)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE and any_port:
            return _listen(host, 0, any_port=False)
        raise _refused(host, port, error) from error
    return listener


def _refused(host: str, port: int, error: OSError) -> SettingsError:
    if error.errno == errno.EADDRINUSE:
        advice = (
            "Choose another one with --port, or stop the program that uses it (perhaps another lire-aussi)."
        )
        return SettingsError(f"port {port}", "in use already", advice=advice)
    return SettingsError(f"{host}:{port}", f"cannot listen there ({error.strerror})")


def _is_loopback(listener: socket.socket) -> bool:
    return ip_address(listener.getsockname()[0].partition("%")[0]).is_loopback


def _announce(program: Program, listener: socket.socket, *, demands_login: bool) -> None:
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    output.announce(f"Lire aussi: http://{shown}:{port}/  (library: {program.database.name})")
    if demands_login and (token := _setup_token(program)):
        output.note(
            "Nobody has a password yet, and nobody comes in without. Within an hour, the owner's is "
            f"set at http://{shown}:{port}/setup/{token} (or by `lire-aussi user password owner`)."
        )


def _setup_token(program: Program) -> str | None:
    """None where somebody has a password."""
    with program.database.write() as connection:
        if has_passwords(connection):
            return None
        return make_setup_token(connection, now=datetime.now(UTC))
