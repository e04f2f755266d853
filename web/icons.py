"""The icons of feeds: served under the digest of their bytes, shown beside names; else a letter.

What is served was drawn by this program (`aggregator/feeds/icons.py`); should a browser ever take it for a
document, it may do nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, abort

from aggregator.storage.icons import find_icon
from web.services import reading

if TYPE_CHECKING:
    from flask import Flask

blueprint = Blueprint("icons", __name__)

_YEAR_SECONDS = 365 * 24 * 3600
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cache-Control": f"private, max-age={_YEAR_SECONDS}, immutable",
}


def install(app: Flask) -> None:
    app.add_template_filter(initial, "initial")


@blueprint.get("/icons/<string(length=32):digest>.png")
def icon(digest: str) -> Response:
    with reading() as (connection, reader):
        found = find_icon(connection, reader, digest)
    if found is None:
        abort(404)
    return Response(found.body, content_type=found.content_type, headers=_HEADERS)


def initial(name: str) -> str:
    """The letter that stands for a feed without an icon."""
    return next((letter.upper()[:1] for letter in name if letter.isalnum()), "·")
