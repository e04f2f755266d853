"""A person's filters: made and changed on a page that shows what each would have met, and what they hid."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext

from aggregator.domain import Filter, FilterAction
from aggregator.filtering import is_empty
from aggregator.storage.entries import Selection, list_by_id
from aggregator.storage.filters import (
    change_filter,
    delete_filter,
    get_filter,
    hidden_by,
    list_filters,
    save_filter,
    try_filter,
)
from aggregator.storage.marking import set_read
from aggregator.storage.subscriptions import list_categories
from aggregator.storage.tree import list_names
from web.forms import ID, parse_id, parse_path, read_switch, write_path
from web.listing import load_page
from web.services import reading, services, writing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection
    from werkzeug.wrappers import Response

    from aggregator.domain import CategoryPath, SavedFilter

blueprint = Blueprint("filters", __name__)

_LONGEST = 300
_SHOWN = 20


@blueprint.get("/filters")
def index() -> str:
    with reading() as (connection, reader):
        return render_template("filters.html", filters=list_filters(connection, reader, deleted=True))


@blueprint.get("/filters/new")
def new() -> str:
    """The form; once it is filled in, also what the filter would have met."""
    with reading() as (connection, reader):
        return _form(connection, reader, _read(request.args), asked="action" in request.args)


@blueprint.post("/filters")
def save() -> Response:
    rule = _read_whole(request.form)
    with writing() as (connection, reader):
        saved = save_filter(connection, reader, rule, now=services().clock())
    if saved:
        flash(gettext("Saved. It works on what arrives from now on."))
    else:
        flash(gettext("You have as many filters as there can be. Delete one first."))
    return redirect(url_for("filters.index"), 303)


@blueprint.get(f"/filters/<{ID}:filter_id>")
def edit(filter_id: int) -> str:
    """The same form, and what the filter would have met, before anything is changed and after."""
    with reading() as (connection, reader):
        known = get_filter(connection, reader, filter_id)
        rule = _read(request.args) if "action" in request.args else known.rule
        return _form(connection, reader, rule, asked=True, known=known)


@blueprint.post(f"/filters/<{ID}:filter_id>")
def change(filter_id: int) -> Response:
    rule = _read_whole(request.form)
    with writing() as (connection, reader):
        change_filter(connection, reader, filter_id, rule, now=services().clock())
    flash(gettext("Saved. It works on what arrives from now on."))
    return redirect(url_for("filters.index"), 303)


def _form(
    connection: Connection, reader: int, rule: Filter, *, asked: bool, known: SavedFilter | None = None
) -> str:
    tried = asked and not is_empty(rule)
    looked_at, met = try_filter(connection, reader, rule) if tried else (0, ())
    return render_template(
        "filter.html",
        known=known,
        rule=rule,
        fields=_fields(rule),
        tried=tried,
        empty=asked and not tried,
        looked_at=looked_at,
        met=len(met),
        headlines=list_by_id(connection, reader, met[:_SHOWN]),
        feeds=list_names(connection, reader),
        categories=[(write_path(path), path) for path in list_categories(connection, reader) if path],
    )


@blueprint.post(f"/filters/<{ID}:filter_id>/delete")
def delete(filter_id: int) -> Response:
    bring_back = read_switch("bring_back")
    with writing() as (connection, reader):
        delete_filter(connection, reader, filter_id, bring_back=bring_back, now=services().clock())
    flash(gettext("The filter is deleted."))
    return redirect(url_for("filters.index"), 303)


@blueprint.get("/hidden")
def hidden() -> str:
    """What filters have hidden, and which one it was."""
    mark = request.args.get("before")
    with reading() as (connection, reader):
        page = load_page(connection, reader, Selection(hidden_only=True), mark)
        reasons = hidden_by(connection, reader, [headline.id for headline in page.headlines])
    return render_template("hidden.html", page=page, reasons=reasons)


@blueprint.post(f"/hidden/<{ID}:entry_id>/show")
def show(entry_id: int) -> Response:
    """Unread again, and in all lists."""
    with writing() as (connection, reader):
        set_read(connection, reader, entry_id, read=False, now=services().clock())
    flash(gettext("The article is back among the unread."))
    return redirect(url_for("filters.hidden"), 303)


def _read(fields: Mapping[str, str]) -> Filter:
    """The filter that a form of ours describes; what it cannot have sent is a bad request."""
    action = fields.get("action", "hide")
    if action not in get_args(FilterAction):
        abort(400)
    said = {name: fields.get(name, "").strip() for name in ("title", "text", "author")}
    if any(len(words) > _LONGEST or "\0" in words for words in said.values()):
        abort(400)
    feed_id, category = _read_scope(fields.get("scope", ""))
    return Filter(
        **said,
        match_all=fields.get("match", "all") == "all",
        action=action,  # type: ignore[arg-type]
        feed_id=feed_id,
        category=category,
    )


def _read_scope(text: str) -> tuple[int | None, CategoryPath | None]:
    """(feed, category): an id, a path as JSON, or neither."""
    if not text:
        return None, None
    feed_id, path = parse_id(text), parse_path(text)
    return (feed_id, path) if feed_id or path else abort(400)


def _read_whole(fields: Mapping[str, str]) -> Filter:
    rule = _read(fields)
    return abort(400) if is_empty(rule) else rule


def _fields(rule: Filter) -> dict[str, str]:
    """Of the form, as `_read` reads them."""
    return {
        "scope": _scope(rule),
        "title": rule.title,
        "text": rule.text,
        "author": rule.author,
        "match": "all" if rule.match_all else "any",
        "action": rule.action,
    }


def _scope(rule: Filter) -> str:
    if rule.category is not None:
        return write_path(rule.category)
    return "" if rule.feed_id is None else str(rule.feed_id)
