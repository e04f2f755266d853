"""Believe what a proxy says of the visitor, if it is one that the operator named.

A named proxy says who asks (X-Forwarded-For), how (X-Forwarded-Proto), under which name (X-Forwarded-Host)
and under which path (X-Forwarded-Prefix); the last word of each counts, which the proxy itself wrote. From
anybody else these headers change nothing.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

from werkzeug.middleware.proxy_fix import ProxyFix

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from ipaddress import IPv4Network, IPv6Network
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from flask import Flask


def trust_proxies(app: Flask, networks: Sequence[IPv4Network | IPv6Network]) -> None:
    if networks:
        app.wsgi_app = _only_from(app.wsgi_app, tuple(networks))  # type: ignore[method-assign,assignment]


def _only_from(
    app: WSGIApplication, networks: tuple[IPv4Network | IPv6Network, ...]
) -> Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]:
    behind = ProxyFix(app, x_for=1, x_proto=1, x_host=1, x_prefix=1)

    def choose(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        trusted = _stands_in(str(environ.get("REMOTE_ADDR", "")), networks)
        return (behind if trusted else app)(environ, start_response)

    return choose


def _stands_in(peer: str, networks: tuple[IPv4Network | IPv6Network, ...]) -> bool:
    try:
        address = ip_address(peer.partition("%")[0])
    except ValueError:
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    return any(address in network for network in networks)
