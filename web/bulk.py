"""Several feeds at once: move, pause, resume, remove, and undo the removal. All or none of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, abort, flash, redirect, request, url_for
from flask_babel import gettext, ngettext

from aggregator.storage.subscriptions import (
    arrange,
    find_subscription,
    list_categories,
    set_paused,
    subscribe,
    unsubscribe,
)
from web.arranging import read_path
from web.removals import read_removals, sign_removals
from web.services import services, writing

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from werkzeug.wrappers import Response

    from aggregator.domain import Subscription

blueprint = Blueprint("bulk", __name__)

_ACTIONS = ("move", "pause", "resume", "remove")
_MOST = 500
_LARGEST_ID = 2**31 - 1


@blueprint.post("/feeds/several")
def change() -> Response:
    """Feeds that the person follows no more, by another tab, are left out."""
    action, ids = request.form.get("do", "move"), _read_ids()
    typed = " ".join(request.form.get("category", "").split())
    if action not in _ACTIONS or len(typed) > 500 or "\0" in typed:
        abort(400)
    with writing() as (connection, reader):
        chosen = [s for feed_id in ids if (s := find_subscription(connection, reader, feed_id))]
        _change(connection, reader, chosen, action, typed)
    if action == "resume":
        services().request_refresh(False)
    if not chosen:
        flash(gettext("Tick the feeds first."))
    elif action == "remove":
        count = len(chosen)
        flash(ngettext("You no longer follow %(num)s feed.", "You no longer follow %(num)s feeds.", count))
        flash(sign_removals(chosen), "removals")  # a button, where it is not empty
    else:
        flash(ngettext("%(num)s feed changed.", "%(num)s feeds changed.", len(chosen)))
    return redirect(url_for("feeds.index"), 303)


def _change(connection: Connection, reader: int, chosen: list[Subscription], action: str, typed: str) -> None:
    now = services().clock()
    path = read_path(typed, list_categories(connection, reader)) if action == "move" else ()
    for found in chosen:
        feed_id = found.feed.id
        if action == "move":
            own = None if found.title == found.feed.title else found.title
            arrange(connection, reader, feed_id, title=own, category=path)
        elif action == "remove":
            unsubscribe(connection, reader, feed_id)
        else:
            set_paused(connection, reader, feed_id, paused_at=now if action == "pause" else None)


def _read_ids() -> list[int]:
    texts = request.form.getlist("feed")
    if len(texts) > _MOST or not all(text.isascii() and text.isdigit() and len(text) < 11 for text in texts):
        abort(400)
    ids = list(dict.fromkeys(map(int, texts)))
    if any(feed_id > _LARGEST_ID for feed_id in ids):
        abort(400)
    return ids


@blueprint.post("/feeds/undo-removals")
def undo() -> Response:
    """Follow again what was just removed, each in its category and under its own title."""
    removals = read_removals(request.form.get("removals", ""))
    if removals is None:
        abort(400)
    with writing() as (connection, reader):
        for removal in removals:
            subscribe(connection, reader, **removal, now=services().clock())
    services().request_refresh(False)
    count = len(removals)
    flash(ngettext("You follow %(num)s feed again.", "You follow %(num)s feeds again.", count))
    return redirect(url_for("feeds.index"), 303)
