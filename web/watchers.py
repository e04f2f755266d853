"""Who may watch: programs on this machine, and those of the networks in `pages.watchers`.

A request that a proxy passed on comes from this machine by its address, and from anywhere by what it says: it
is refused, unless the proxy stands in one of the networks.
"""

from __future__ import annotations

from functools import wraps
from ipaddress import ip_address
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from flask import abort, request

from web.services import services

if TYPE_CHECKING:
    from collections.abc import Callable

_Asked = ParamSpec("_Asked")
_Answer = TypeVar("_Answer")
_PASSED_ON = ("Forwarded", "X-Forwarded-For", "X-Real-Ip", "Via")


def watchers_only(view: Callable[_Asked, _Answer]) -> Callable[_Asked, _Answer]:
    """To others, the page does not exist."""

    @wraps(view)
    def guarded(*args: _Asked.args, **kwargs: _Asked.kwargs) -> _Answer:
        if not _may_watch():
            abort(404)
        return view(*args, **kwargs)

    return guarded


def _may_watch() -> bool:
    try:
        asker = ip_address((request.remote_addr or "").partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(asker, "ipv4_mapped", None)
    asker = mapped or asker
    if any(asker in network for network in services().watchers):
        return True
    return asker.is_loopback and not any(name in request.headers for name in _PASSED_ON)
