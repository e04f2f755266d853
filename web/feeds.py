"""The feeds a person follows: their list with its health, each with its entries, adding and removing."""

from __future__ import annotations

from datetime import timedelta
from textwrap import shorten
from typing import TYPE_CHECKING

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext

from aggregator.errors import AccountError, FeedError, SubscriptionError
from aggregator.filtering import covers
from aggregator.storage.entries import Selection
from aggregator.storage.feedlist import count_by_day
from aggregator.storage.filters import list_filters
from aggregator.storage.marking import newest_id
from aggregator.storage.retention import find_rule
from aggregator.storage.subscriptions import get_subscription, list_categories
from aggregator.storage.wantedtexts import report
from aggregator.subscribing import SeveralFeeds
from web.errors import sentence
from web.feedlist import back_to_list, load_feeds_page, read_wish
from web.forms import ID
from web.listing import load_page
from web.quotas import check_feeds
from web.removals import sign_removal
from web.rhythm import DAYS, WEEKS, draw_days, draw_weeks
from web.services import reader_id, reading, services
from web.wording import local_day, local_offset

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from sqlalchemy import Connection
    from werkzeug.wrappers import Response

    from web.rhythm import Chart

blueprint = Blueprint("feeds", __name__)


def _show_feeds(*, problem: str = "", typed: str = "") -> str:
    with reading() as (connection, reader):
        page = load_feeds_page(connection, reader, read_wish(request.args), services().clock())
    return render_template("feeds.html", page=page, problem=problem, typed=typed)


@blueprint.get("/feeds")
def index() -> str:
    return _show_feeds()


@blueprint.post("/feeds")
def add() -> Response | str | tuple[str, int]:
    typed = request.form.get("url", "").strip()
    if not typed:
        return _show_feeds(problem=gettext("Type the address of a feed, or of a site that has one.")), 422
    try:
        check_feeds()
        added = services().subscriber.add(reader_id(), typed, now=services().clock())
    except SeveralFeeds as several:
        return render_template("choose.html", address=several.subject, found=several.found)
    except (FeedError, SubscriptionError, AccountError) as error:
        return _show_feeds(problem=sentence(error), typed=typed), 422
    services().request_refresh(False)
    flash(gettext("You now follow “%(title)s”. Its articles arrive in a moment.", title=added.title))
    return redirect(url_for("feeds.feed", feed_id=added.feed.id), 303)


@blueprint.get(f"/feeds/<{ID}:feed_id>")
def feed(feed_id: int) -> str:
    mark = request.args.get("before")
    with reading() as (connection, reader):
        subscription = get_subscription(connection, reader, feed_id)
        return render_template(
            "feed.html",
            subscription=subscription,
            full_texts=report(connection, feed_id) if subscription.full_text_since else None,
            page=load_page(connection, reader, Selection(feed_id=feed_id), mark),
            newest=newest_id(connection),
            first=mark is None,
            categories=list_categories(connection, reader),
            rule=find_rule(connection, feed_id),
            retention=services().retention,
            filters=[
                saved
                for saved in list_filters(connection, reader)
                if covers(saved.rule, feed_id, subscription.category)
            ],
            chart=_chart(connection, feed_id) if mark is None else None,
        )


def _chart(connection: Connection, feed_id: int) -> Chart | None:
    now = services().clock()
    today, offset = local_day(now), local_offset(now)

    def counts(days: int) -> Mapping[date, int]:
        return count_by_day(connection, feed_id, since=now - timedelta(days=days), offset=offset)

    return draw_days(counts(DAYS), today) or draw_weeks(counts(7 * WEEKS), today)


@blueprint.post(f"/feeds/<{ID}:feed_id>/remove")
def remove(feed_id: int) -> Response:
    now = services().clock()
    gone = services().subscriber.remove(reader_id(), feed_id, now=now)
    words = gettext(
        "You no longer follow “%(title)s”. Its articles come back if you add it again; "
        "those with a star stay in sight.",
        title=shorten(gone.title, 100, placeholder="…"),
    )
    flash(words)
    flash(sign_removal(now), "removal")  # a button
    return back_to_list()
