"""The pictures and films of articles: from their publishers, or through this program, which hides who reads.

Promises: only an address that one of our pages showed is ever fetched, which its signature proves; nothing of
the address, nor of an error, is said in an answer; what is served is a raster picture by its own bytes, and
may do nothing, should a browser ever take it for a document. Of a film there is a card: its site is asked for
nothing before somebody clicks.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from flask import Blueprint, Response, g, url_for
from flask_babel import gettext
from itsdangerous import BadSignature, URLSafeSerializer
from markupsafe import Markup

from aggregator.feeds.presenting import film_card, present
from aggregator.feeds.videos import PLAYERS
from aggregator.pictures import FAILURE_LASTS_SECONDS, NoPicture
from aggregator.storage.users import has_several
from web.services import services

if TYPE_CHECKING:
    from flask import Flask
    from sqlalchemy import Connection

    from aggregator.domain import SafeHtml
    from aggregator.feeds.videos import Film

blueprint = Blueprint("pictures", __name__)

_KEPT_SECONDS = 7 * 24 * 3600
_POLICY = {"Content-Security-Policy": "default-src 'none'; sandbox"}


def install(app: Flask) -> None:
    app.add_template_filter(article)
    app.add_template_filter(picture)
    app.add_template_filter(card)


def show_pictures(connection: Connection) -> None:
    """To be called for a page that shows pictures of publishers; other pages may not load any."""
    choice = services().pictures.policy.through_us
    g.through_us = choice == "always" or (choice == "auto" and has_several(connection))


def media_policy() -> str:
    """What this answer may load, for its Content-Security-Policy. Sounds and films are not passed on."""
    if "through_us" not in g:
        return "img-src 'self' data:"
    images = "'self' data:" if g.through_us else "* data:"
    return f"img-src {images}; media-src *; frame-src {' '.join(PLAYERS)}"


def article(html: SafeHtml) -> Markup:
    """The one way in which HTML of publishers gets on a page."""
    return Markup(present(html, picture=picture, film=gettext("Film")))  # noqa: S704 (it was cleaned)


def card(film: Film) -> Markup:
    return Markup(film_card(film, gettext("Film")))  # noqa: S704 (it was escaped)


def picture(address: str) -> str:
    """Where a page finds this picture."""
    return url_for("pictures.serve", signed=_signer().dumps(address)) if g.through_us else address


@blueprint.get("/pictures/<signed>")
def serve(signed: str) -> Response:
    try:
        address = _signer().loads(signed)
    except BadSignature:
        return _nothing(404, keep_seconds=0)
    match services().pictures.get(str(address)):
        case NoPicture.BUSY:
            return _nothing(503, keep_seconds=0)
        case NoPicture.UNAVAILABLE:
            return _nothing(404, keep_seconds=FAILURE_LASTS_SECONDS)
        case found:
            return Response(found.body, content_type=found.type, headers=_POLICY | _keep(_KEPT_SECONDS))


def _nothing(status: int, *, keep_seconds: int) -> Response:
    """The browser shows the words that stand for the picture."""
    return Response(status=status, content_type="text/plain", headers=_POLICY | _keep(keep_seconds))


def _keep(seconds: int) -> dict[str, str]:
    return {"Cache-Control": f"private, max-age={seconds}" if seconds else "no-store"}


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(
        services().secret_key, salt="picture", signer_kwargs={"digest_method": hashlib.sha256}
    )
