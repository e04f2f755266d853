"""Who may ask, and what a browser may do with the answer.

Promises: a request that changes something comes from our own page (Sec-Fetch-Site, else Origin) *and* carries
the token of its form; a page is given out only under a name that is ours, so that a foreign name that is made
to point here (DNS rebinding) shows nothing; no answer runs a script that we did not write.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import abort, request
from flask_wtf import CSRFProtect

from web import api, pictures, push
from web.services import services

if TYPE_CHECKING:
    from flask import Flask, Response

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def install(app: Flask) -> None:
    app.config.update(
        WTF_CSRF_TIME_LIMIT=None,  # a page may stay open for days; the token ends with the session
        WTF_CSRF_SSL_STRICT=False,  # it wants a Referer, which our own policy forbids browsers to send
    )
    app.before_request(_refuse_strange_names)
    app.before_request(_refuse_other_sites)
    protection = CSRFProtect(app)
    protection.exempt(push.blueprint)
    protection.exempt(api.blueprint)  # it takes no cookie
    app.after_request(_add_headers)


def _refuse_strange_names() -> None:
    if request.blueprint == push.NAME:
        return  # under the owner's public name, which shows nothing else
    name = _asked_name()
    if not (_is_local(name) or _is_number(name) or name in services().hosts):
        abort(421)


def _asked_name() -> str:
    try:
        return urlsplit(f"//{request.host}").hostname or ""
    except ValueError:
        return ""


def _is_local(name: str) -> bool:
    return name == "localhost" or name.endswith(".localhost")  # RFC 6761: never looked up elsewhere


def _is_number(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _refuse_other_sites() -> None:
    if request.method not in _SAFE_METHODS and not _comes_from_us():
        abort(400)


def _comes_from_us() -> bool:
    """False where the browser says that another site sent the request; the token judges the rest."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    # Under our own Referrer-Policy browsers write "null" for our own forms.
    origin = request.headers.get("Origin", "null")
    return origin == "null" or urlsplit(origin).netloc == request.host


def content_security_policy() -> str:
    """Pictures and sounds of an article may come from elsewhere; nothing else may, and nothing is inline."""
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "worker-src 'self'; manifest-src 'self'; "
        f"{pictures.media_policy()}; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    )


def _add_headers(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", content_security_policy())
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)  # a page of its own may be stricter
    if not response.cache_control.max_age:
        # What somebody reads is nobody else's business, and a page is old as soon as something was read.
        response.headers["Cache-Control"] = "private, no-cache"
    return response
