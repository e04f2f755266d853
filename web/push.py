"""Where hubs (WebSub) verify that we subscribed, and push what is new.

The one address that the Internet may ask: without a session, under any name, named by a token that only its
hub knows. The GET of a hub writes, as the protocol wants it: when the grant ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, abort, request
from flask_limiter import Limiter

from aggregator.pushing import MAX_PUSHED_BYTES, answer_hub, find_wanted, is_signed, take_hint
from web.services import services

if TYPE_CHECKING:
    from flask import Flask

blueprint = Blueprint("push", __name__, url_prefix="/push")

NAME = blueprint.name
_RATE = "60 per minute"


def install(app: Flask) -> None:
    limiter = Limiter(_asked_token, storage_uri="memory://", headers_enabled=False)
    limiter.init_app(app)
    limiter.limit(_RATE)(blueprint)
    app.register_blueprint(blueprint)


def _asked_token() -> str:
    """One feed's hub cannot use up what another's may do. (Behind a proxy, all have one address.)"""
    return str((request.view_args or {}).get("token", ""))


@blueprint.get("/<string(maxlength=100):token>")
def verify(token: str) -> Response:
    with services().database.write() as connection:
        answer = answer_hub(connection, token, request.args, now=services().clock())
    if answer is None:
        abort(404)
    return Response(answer, mimetype="text/plain")


@blueprint.post("/<string(maxlength=100):token>")
def receive(token: str) -> tuple[str, int]:
    """202 whether the signature is right or not: who forges one learns nothing (WebSub, 8)."""
    request.max_content_length = MAX_PUSHED_BYTES
    with services().database.read() as connection:
        subscription = find_wanted(connection, token)
    if subscription is None:
        abort(410)  # the hub is to forget us
    signature = request.headers.get("X-Hub-Signature", "")
    if is_signed(subscription.secret, signature, request.get_data(cache=False)):
        with services().database.write() as connection:
            is_news = take_hint(connection, subscription, now=services().clock())
        if is_news:
            services().request_refresh(False)
    return "", 202
