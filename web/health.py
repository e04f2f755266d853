"""For machines: whether the library answers and is looked after, and that crawlers are not welcome."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from flask import Blueprint, Response, current_app

from aggregator.errors import StorageError
from aggregator.storage.runs import find_progress
from aggregator.storage.users import get_owner
from web.services import services
from web.watchers import watchers_only

if TYPE_CHECKING:
    from datetime import datetime

    from flask.typing import ResponseReturnValue

    from aggregator.domain import RefreshProgress

blueprint = Blueprint("health", __name__)

_GRACE = timedelta(seconds=30)


@blueprint.get("/health")
@watchers_only
def health() -> ResponseReturnValue:
    """200 where all is well, 503 where the database or the scheduler is not."""
    now = services().clock()
    try:
        with services().database.read() as connection:
            get_owner(connection)  # what every page needs
            progress = find_progress(connection, now)
    except StorageError as error:
        current_app.logger.error("health: %s", error)
        return {"status": "error", "database": "error", "scheduler": _scheduler(now)}, 503
    scheduler = _scheduler(now)
    status = "error" if scheduler == "late" else "ok"
    told = {"status": status, "database": "ok", "scheduler": scheduler, "last_refresh": _told(progress)}
    return told, 200 if status == "ok" else 503


def _scheduler(now: datetime) -> str:
    """ "ok", "late", or "none" where this process has none."""
    seen, every = services().heartbeat(), services().every
    if seen is None:
        return "none"
    return "ok" if now - seen <= 2 * every + _GRACE else "late"


def _told(progress: RefreshProgress | None) -> dict[str, object] | None:
    if progress is None:
        return None
    ended = progress.finished_at
    return {
        "started_at": progress.started_at.isoformat(timespec="seconds"),
        "finished_at": ended and ended.isoformat(timespec="seconds"),
        "feeds": progress.feeds,
        "failed": progress.failed,
        "new_entries": progress.new_entries,
    }


@blueprint.get("/robots.txt")
def robots() -> Response:
    return Response("User-agent: *\nDisallow: /\n", mimetype="text/plain")
