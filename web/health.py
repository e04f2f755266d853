"""For machines: whether the pages can answer, and that crawlers are not welcome."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, current_app

from aggregator.errors import StorageError
from web.services import reading

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

blueprint = Blueprint("health", __name__)


@blueprint.get("/health")
def health() -> ResponseReturnValue:
    try:
        with reading():
            return {"status": "ok"}
    except StorageError as error:
        current_app.logger.error("health: %s", error)
        return {"status": "error"}, 503


@blueprint.get("/robots.txt")
def robots() -> Response:
    return Response("User-agent: *\nDisallow: /\n", mimetype="text/plain")
