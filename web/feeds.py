"""The feeds a person follows: their list with its health, each with its entries, adding and removing."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from math import ceil
from textwrap import shorten
from typing import TYPE_CHECKING

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext

from aggregator.errors import AccountError, FeedError, SubscriptionError
from aggregator.storage.entries import Selection, newest_id
from aggregator.storage.icons import icon_digests
from aggregator.storage.retention import find_rule
from aggregator.storage.subscriptions import get_subscription, list_categories, list_subscriptions, subscribe
from aggregator.subscribing import SeveralFeeds
from web.errors import sentence
from web.forms import ID
from web.listing import load_page
from web.quotas import check_feeds
from web.removals import read_removal, sign_removal
from web.services import reader_id, reading, services, writing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from werkzeug.wrappers import Response

    from aggregator.domain import CategoryPath, Subscription

blueprint = Blueprint("feeds", __name__)

PAGE_LENGTH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    category: CategoryPath
    subscriptions: tuple[Subscription, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedsPage:
    """A page of the list. Those that fail come before all others, the longest failing first."""

    total: int
    failing: tuple[Subscription, ...]
    groups: tuple[Group, ...]
    number: int
    more: bool

    @property
    def shown(self) -> Iterator[Subscription]:
        yield from self.failing
        for group in self.groups:
            yield from group.subscriptions


def _is_in_trouble(subscription: Subscription) -> bool:
    """One that is paused bothers nobody."""
    return bool(subscription.state.failures) and subscription.paused_at is None


def make_page(subscriptions: Sequence[Subscription], number: int) -> FeedsPage:
    """`subscriptions` by category; pages are counted from 1, past the last one it is the last one."""
    number = max(1, min(number, ceil(len(subscriptions) / PAGE_LENGTH)))
    failing = [s for s in subscriptions if _is_in_trouble(s)]
    failing.sort(key=lambda s: (s.state.failing_since or s.state.next_fetch_at, s.feed.id))
    ordered = [*failing, *(s for s in subscriptions if not _is_in_trouble(s))]
    shown = ordered[(number - 1) * PAGE_LENGTH : number * PAGE_LENGTH]
    groups = groupby((s for s in shown if not _is_in_trouble(s)), key=lambda s: s.category)
    return FeedsPage(
        total=len(subscriptions),
        failing=tuple(s for s in shown if _is_in_trouble(s)),
        groups=tuple(Group(category=category, subscriptions=tuple(some)) for category, some in groups),
        number=number,
        more=len(ordered) > number * PAGE_LENGTH,
    )


def _show_feeds(*, problem: str = "", typed: str = "") -> str:
    number = request.args.get("page", 1, type=int)
    with reading() as (connection, reader):
        page = make_page(list_subscriptions(connection, reader), number)
        icons = icon_digests(connection, (subscription.feed.id for subscription in page.shown))
    return render_template("feeds.html", page=page, icons=icons, problem=problem, typed=typed)


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
        return render_template(
            "feed.html",
            subscription=get_subscription(connection, reader, feed_id),
            page=load_page(connection, reader, Selection(feed_id=feed_id), mark),
            newest=newest_id(connection),
            first=mark is None,
            categories=list_categories(connection, reader),
            rule=find_rule(connection, feed_id),
            retention=services().retention,
        )


@blueprint.post(f"/feeds/<{ID}:feed_id>/remove")
def remove(feed_id: int) -> Response:
    gone = services().subscriber.remove(reader_id(), feed_id)
    words = gettext(
        "You no longer follow “%(title)s”. Its articles come back if you add it again; "
        "those with a star stay in sight.",
        title=shorten(gone.title, 100, placeholder="…"),
    )
    flash(words)
    flash(sign_removal(gone), "removal")  # a button, where it is not empty
    return redirect(url_for("feeds.index"), 303)


@blueprint.post("/feeds/undo-removal")
def undo_removal() -> Response:
    """Follow again what was just removed, in its category and under its own title."""
    removal = read_removal(request.form.get("removal", ""))
    if removal is None:
        abort(400)
    with writing() as (connection, reader):
        subscribe(connection, reader, **removal, now=services().clock())
        again = get_subscription(connection, reader, removal["feed_id"])
    services().request_refresh(False)
    flash(gettext("You follow “%(title)s” again.", title=shorten(again.title, 100, placeholder="…")))
    return redirect(url_for("feeds.index"), 303)
