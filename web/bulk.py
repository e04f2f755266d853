"""Several feeds at once: move, pause, resume, remove, and undo the removal. All or none of them.

They are those that are ticked, or all that the list holds on every page.
"""

from __future__ import annotations

from textwrap import shorten
from typing import TYPE_CHECKING

from flask import Blueprint, abort, flash, redirect, request, url_for
from flask_babel import gettext, ngettext

from aggregator.storage.feedlist import list_feed_ids
from aggregator.storage.several import (
    bring_back,
    list_followed,
    move_several,
    pause_several,
    remove_several,
)
from aggregator.storage.subscriptions import get_subscription, list_categories
from aggregator.storage.tree import list_shelves
from web.arranging import read_path
from web.feedlist import back_to_list, read_wish, select_feeds
from web.forms import LONGEST_PATH, parse_id
from web.quotas import quota_in_words, room_for_feeds
from web.removals import read_removal, sign_removal
from web.services import services, writing

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection
    from werkzeug.wrappers import Response

blueprint = Blueprint("bulk", __name__)

_ACTIONS = ("move", "pause", "resume", "remove")
_MOST = 500


@blueprint.post("/feeds/several")
def change() -> Response:
    """Feeds that the person follows no more, by another tab, are left out."""
    action, ticked = request.form.get("do", "move"), _read_ids()
    typed = " ".join(request.form.get("category", "").split())
    if action not in _ACTIONS or len(typed) > LONGEST_PATH or "\0" in typed:
        abort(400)
    wish, now = read_wish(request.form), services().clock()
    with writing() as (connection, reader):
        if request.form.get("all") == "1":
            chosen = list_feed_ids(connection, reader, select_feeds(wish, list_shelves(connection, reader)))
        else:
            chosen = list_followed(connection, reader, ticked)
        _change(connection, reader, chosen, action, typed, now)
    if action == "resume":
        services().request_refresh(False)
    _tell(len(chosen), action, now)
    return back_to_list()


def _change(
    connection: Connection, reader: int, chosen: tuple[int, ...], action: str, typed: str, now: datetime
) -> None:
    if action == "move" and chosen:
        path = read_path(typed, list_categories(connection, reader))
        move_several(connection, reader, chosen, path)
    elif action == "remove":
        remove_several(connection, reader, chosen, now=now)
    elif action != "move":
        pause_several(connection, reader, chosen, paused_at=now if action == "pause" else None)


def _tell(count: int, action: str, now: datetime) -> None:
    if not count:
        flash(gettext("Tick the feeds first."))
    elif action == "remove":
        flash(ngettext("You no longer follow %(num)s feed.", "You no longer follow %(num)s feeds.", count))
        flash(sign_removal(now), "removal")  # a button
    else:
        flash(ngettext("%(num)s feed changed.", "%(num)s feeds changed.", count))


def _read_ids() -> list[int]:
    texts = request.form.getlist("feed")
    ids = [found for text in texts if (found := parse_id(text)) is not None]
    if len(texts) > _MOST or len(ids) < len(texts):
        abort(400)
    return list(dict.fromkeys(ids))


@blueprint.post("/feeds/undo-removal")
def undo() -> Response:
    """Follow again what was just removed, each in its category and under its own title; as many as may be."""
    removed_at = read_removal(request.form.get("removal", ""))
    if removed_at is None:
        abort(400)
    with writing() as (connection, reader):
        room = room_for_feeds(connection, reader)
        again, left = bring_back(connection, reader, removed_at=removed_at, room=room)
        first = get_subscription(connection, reader, again[0]) if len(again) == 1 else None
    services().request_refresh(False)
    if first is not None:
        flash(gettext("You follow “%(title)s” again.", title=shorten(first.title, 100, placeholder="…")))
    else:
        count = len(again)
        flash(ngettext("You follow %(num)s feed again.", "You follow %(num)s feeds again.", count))
    if left:
        flash(quota_in_words())
    return redirect(url_for("feeds.index"), 303)
