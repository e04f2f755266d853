"""What a person does about one feed: check it now, take its new address, pause it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from flask import Blueprint, abort, flash, redirect, request, url_for
from flask_babel import gettext

from aggregator.feeds.scheduling import typical_gap
from aggregator.storage.feeds import hurry
from aggregator.storage.moves import adopt as adopt_move
from aggregator.storage.subscriptions import get_subscription, set_paused
from web.feedlist import back_to_list
from web.forms import ID, read_switch
from web.services import services, writing
from web.wording import rhythm

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from aggregator.domain import FetchState

blueprint = Blueprint("tending", __name__)

_PAUSE = timedelta(minutes=1)
"""A person who asks again and again is not what a publisher has to serve."""


@blueprint.app_template_filter("rhythm")
def rhythm_of(state: FetchState) -> str:
    """How often the feed publishes, in words; empty where that cannot be told."""
    now = services().clock()
    gap = typical_gap(now, state.published)
    if gap is None:
        return ""
    if state.pushed_until is None or state.pushed_until <= now:
        return rhythm(gap)
    return gettext("%(how_often)s, announced by its hub", how_often=rhythm(gap))


@blueprint.post(f"/feeds/<{ID}:feed_id>/check")
def check(feed_id: int) -> Response:
    with writing() as (connection, reader):
        get_subscription(connection, reader, feed_id)
        hurry(connection, feed_id, now=services().clock(), pause=_PAUSE)
    services().request_refresh(False)
    flash(gettext("This feed is checked now, or within a minute if that was done just before."))
    return _back(feed_id)


@blueprint.post(f"/feeds/<{ID}:feed_id>/adopt")
def adopt(feed_id: int) -> Response:
    with writing() as (connection, reader):
        move = get_subscription(connection, reader, feed_id).state.move
        if move is None:  # the tale ended while the page was open
            abort(400)
        feed_id = adopt_move(connection, feed_id, move.url)
    flash(gettext("The feed has its new address: %(address)s", address=move.url))
    return _back(feed_id)


@blueprint.post(f"/feeds/<{ID}:feed_id>/pause")
def pause(feed_id: int) -> Response:
    paused, now = read_switch("paused"), services().clock()
    with writing() as (connection, reader):
        get_subscription(connection, reader, feed_id)
        set_paused(connection, reader, feed_id, paused_at=now if paused else None)
    if paused:
        flash(gettext("This feed is paused: nothing new of it arrives until you resume it."))
    else:
        services().request_refresh(False)
        flash(gettext("This feed is followed again."))
    return _back(feed_id)


def _back(feed_id: int) -> Response:
    """To the feed, or to the list of feeds where the button stood there."""
    if request.form.get("list") == "1":
        return back_to_list()
    return redirect(url_for("feeds.feed", feed_id=feed_id), 303)
