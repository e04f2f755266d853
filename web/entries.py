"""The lists of entries and the entry itself: read, starred, and "Lire aussi" beneath it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext, ngettext

from aggregator.proposing import chosen_policy, propose
from aggregator.storage.entries import Selection, get_entry, list_headlines
from aggregator.storage.icons import icon_digests
from aggregator.storage.marking import mark_all_read, newest_id, set_starred, unmark
from aggregator.storage.sametexts import read_together, unread_together
from aggregator.storage.subscriptions import list_subscriptions
from aggregator.storage.tree import list_shelves
from aggregator.wholeness import seems_cut_short
from web.checks import load_progress, remember_asking
from web.extras import extras
from web.forms import ID, read_id, read_switch
from web.languages import language
from web.lireaussi import load_surroundings
from web.listing import load_history, load_page
from web.pictures import show_pictures
from web.places import HISTORY, UNREAD, VIEWS, find_place, get_category, look_around
from web.removals import read_marking, sign_marking
from web.services import reading, services, writing
from web.starter import starter_shelves
from web.trails import read_trail
from web.tree import find_shelves

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection
    from werkzeug.wrappers import Response

    from aggregator.domain import RefreshProgress, Subscription

blueprint = Blueprint("entries", __name__)

OWN = ("starred", HISTORY)
"""Views that are empty because of what the person did not do."""


@blueprint.get("/")
def home() -> str:
    name = request.args.get("view", "unread")
    view = name if name in VIEWS or name == HISTORY else UNREAD
    mark = request.args.get("before")
    with reading() as (connection, reader):
        if view == HISTORY:
            page = load_history(connection, reader, mark)
        else:
            page = load_page(connection, reader, VIEWS[view], mark)
        progress = load_progress(connection, reader)
        shelves = find_shelves(connection, reader)
        if not page.headlines and not shelves:
            return render_template("welcome.html", shelves=starter_shelves(language()))
        return render_template(
            "home.html",
            view=view,
            page=page,
            first=mark is None,
            unread=sum(shelf.unread for shelf in shelves) if view == UNREAD else 0,
            newest=newest_id(connection),
            progress=progress,
            empty="" if page.headlines or view in OWN else _why_empty(connection, reader, progress),
        )


def _why_empty(connection: Connection, reader: int, progress: RefreshProgress | None) -> str:
    return why_empty(
        list_subscriptions(connection, reader),
        running=progress is not None and progress.finished_at is None,
        received=bool(list_headlines(connection, reader, Selection(limit=1))),
    )


def why_empty(followed: Sequence[Subscription], *, running: bool, received: bool) -> str:
    """Why no article is shown: all feeds fail, all is read, they are being fetched, or hold none."""
    if all(subscription.state.failures for subscription in followed):
        return "failing"
    if received:
        return "read"
    waiting = any(subscription.state.last_checked_at is None for subscription in followed)
    return "fetching" if running or waiting else "nothing"


@blueprint.get(f"/entries/<{ID}:entry_id>")
def entry(entry_id: int) -> str:
    with reading() as (connection, reader):
        shown = get_entry(connection, reader, entry_id)
        policy = chosen_policy(connection, services().related)
        related = propose(connection, reader, [shown], policy)[entry_id]
        icons = icon_digests(connection, {shown.feed_id, *(other.feed_id for other in related.links)})
        around = load_surroundings(connection, reader, shown, related)
        place = find_place(connection, reader, request.args.get("in"))
        beside = look_around(connection, reader, place, shown, services().clock())
        show_pictures(connection)
        feeds_own = request.args.get("text") == "feed" and shown.full is not None
        if shown.full is not None and feeds_own:
            shown = replace(shown, html=shown.full.feed_html, text=shown.full.feed_text)
        return render_template(
            "entry.html",
            entry=shown,
            feeds_own=feeds_own,
            cut_short=shown.full is None and seems_cut_short(shown.title, shown.text),
            extras=extras(shown),
            related=related,
            around=around,
            icons=icons,
            place=place,
            beside=beside,
            keep_unread=request.args.get("keep") == "unread",
        )


@blueprint.post(f"/entries/<{ID}:entry_id>/read")
def read(entry_id: int) -> Response:
    wanted = read_switch("read")
    with writing() as (connection, reader):
        mark = read_together if wanted else unread_together
        mark(connection, reader, entry_id, now=services().clock())
    # Opened again, the page must not mark at once what was just marked unread.
    return back_to(entry_id, keep=None if wanted else "unread")


@blueprint.post(f"/entries/<{ID}:entry_id>/star")
def star(entry_id: int) -> Response:
    wanted = read_switch("starred")
    with writing() as (connection, reader):
        followed = get_entry(connection, reader, entry_id).followed
        set_starred(connection, reader, entry_id, starred=wanted, now=services().clock())
    if not (wanted or followed):  # it went out of sight with its star
        return redirect(url_for("entries.home", view="starred"), 303)
    return back_to(entry_id, keep="unread" if request.form.get("keep") == "unread" else None)


def back_to(entry_id: int, *, keep: str | None) -> Response:
    """Back to the entry, whatever address the form may name."""
    within = request.form.get("in", "")[:30] or None
    values: dict[str, Any] = {"entry_id": entry_id, "keep": keep, "in": within}
    return redirect(url_for("entries.entry", **values, via=read_trail(request.form).via), 303)


@blueprint.post("/read-all")
def read_all() -> Response:
    up_to, feed_id, category_id = read_id("up_to"), read_id("feed_id"), read_id("category_id")
    if up_to is None:
        abort(400)
    now = services().clock()
    with writing() as (connection, reader):
        ids = None
        if category_id is not None:
            _, ids, _ = get_category(list_shelves(connection, reader), category_id)
        marked = mark_all_read(connection, reader, now=now, up_to=up_to, feed_id=feed_id, category_ids=ids)
    flash(ngettext("%(num)s article marked as read.", "%(num)s articles marked as read.", marked))
    if marked:
        flash(sign_marking(now), "marking")  # a button
    if category_id is not None:
        return redirect(url_for("categories.category", category_id=category_id), 303)
    return redirect(url_for("feeds.feed", feed_id=feed_id) if feed_id else url_for("entries.home"), 303)


@blueprint.post("/undo-read-all")
def undo_read_all() -> Response:
    read_at = read_marking(request.form.get("marking", ""))
    if read_at is None:
        abort(400)
    with writing() as (connection, reader):
        undone = unmark(connection, reader, read_at=read_at)
    flash(ngettext("%(num)s article is unread again.", "%(num)s articles are unread again.", undone))
    return redirect(url_for("entries.home"), 303)


@blueprint.post("/refresh")
def refresh() -> Response:
    category_id = read_id("category_id")
    services().request_refresh(True)
    remember_asking()
    flash(gettext("Your feeds are being checked, except those that fail or were checked minutes ago."))
    if category_id is not None:
        return redirect(url_for("categories.category", category_id=category_id), 303)
    return redirect(url_for("entries.home"), 303)
