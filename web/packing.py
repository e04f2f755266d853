"""Answers are packed where the browser takes that: a page is a tenth of its size then.

Search pages are not: they repeat what an address holds beside the token of the forms, and the size of a
packed answer tells an eavesdropper how alike the two are (BREACH, https://www.breachattack.com/).
"""

from __future__ import annotations

import gzip
from functools import lru_cache
from typing import TYPE_CHECKING

from flask import request

if TYPE_CHECKING:
    from flask import Flask, Response

_LEAST_BYTES = 1_000
_TYPES = ("text/html", "text/css", "text/javascript", "image/svg+xml")
_PAGE_LEVEL = 3
"""A millisecond is worth more than a kilobyte."""


def install(app: Flask) -> None:
    app.after_request(_pack)


def _pack(response: Response) -> Response:
    if (
        response.mimetype not in _TYPES
        or response.status_code != 200
        or "Content-Encoding" in response.headers
    ):
        return response
    if request.blueprint == "search" or request.method != "GET" or "Range" in request.headers:
        return response
    response.vary.add("Accept-Encoding")
    if request.accept_encodings["gzip"] <= 0:
        return response
    response.direct_passthrough = False  # a file is read
    plain = response.get_data()
    if len(plain) < _LEAST_BYTES:
        return response
    page = response.mimetype == "text/html"
    response.set_data(gzip.compress(plain, _PAGE_LEVEL) if page else _pack_file(plain))
    response.headers["Content-Encoding"] = "gzip"
    tag, _ = response.get_etag()
    if tag:
        response.set_etag(tag, weak=True)  # RFC 9110, 8.8.1: other bytes, the same meaning
    return response


@lru_cache(maxsize=32)
def _pack_file(plain: bytes) -> bytes:
    """Of the few static files, whose bytes do not change while the program runs."""
    return gzip.compress(plain, 9)
