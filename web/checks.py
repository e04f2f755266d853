"""How the feeds of the person are being checked, while it goes on and afterwards, feed by feed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from flask import Blueprint, Response, render_template, request, session

from aggregator.storage.checks import find_own_progress, list_checks
from web.events import event
from web.services import reading, services

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from aggregator.domain import RefreshProgress

blueprint = Blueprint("checks", __name__)

_ASKED = "asked-at"
_REMEMBERED = timedelta(hours=1)
_LOOKED_AT = 1_000
_MOST_SHOWN = 200
"""Of each kind: a page of a thousand feeds helps nobody."""


def remember_asking() -> None:
    """In the session of the browser: what was asked for from here is what its pages tell about."""
    session[_ASKED] = services().clock().timestamp()


def load_progress(
    connection: Connection, reader: int, *, count_finished: bool = False
) -> RefreshProgress | None:
    """A page that is opened says nothing of what is new once all is checked: it shows it."""
    return find_own_progress(
        connection, reader, asked_at=_asked_at(), now=services().clock(), count_finished=count_finished
    )


def _asked_at() -> datetime | None:
    asked, now = session.get(_ASKED), services().clock()
    if not isinstance(asked, float):
        return None
    moment = datetime.fromtimestamp(asked, UTC)
    return moment if now - _REMEMBERED < moment <= now else None


@blueprint.get("/checks")
def index() -> str:
    with reading() as (connection, reader):
        progress = load_progress(connection, reader)
        since = _asked_at() or services().clock() - _REMEMBERED
        found = list_checks(connection, reader, since=since, limit=_LOOKED_AT)
    return render_template(
        "check_results.html",
        progress=progress,
        shown=_MOST_SHOWN,
        failed=[check for check in found if check.failed],
        new=[check for check in found if check.new and not check.failed],
        unchanged=[check for check in found if not (check.new or check.failed)],
    )


@blueprint.get("/checks/events")
def events() -> Response:
    with reading() as (connection, reader):
        progress = load_progress(connection, reader, count_finished=True)
    category_id = request.args.get("category", type=int)
    last = progress is None or progress.finished_at is not None
    html = render_template("checks.html", progress=progress, category_id=category_id, inside=True)
    return event(html, last=last)
