"""A category with its entries, and those of the categories within it; to rename, move or delete one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext

from aggregator.searching.language import parse_query
from aggregator.storage.categories import find_category, get_contents, list_taken, move_category
from aggregator.storage.entries import Selection
from aggregator.storage.marking import newest_id
from aggregator.storage.savedsearches import list_saved
from aggregator.storage.search import names_category
from aggregator.storage.subscriptions import list_categories
from web.arranging import read_path
from web.checks import load_progress
from web.forms import ID, LONGEST_PATH, parse_path, write_path
from web.listing import load_page
from web.places import get_category
from web.services import reading, writing
from web.tree import find_shelves

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection
    from werkzeug.wrappers import Response

    from aggregator.domain import CategoryContents, CategoryPath

blueprint = Blueprint("categories", __name__)
blueprint.add_app_template_filter(write_path, "json")

_MOST_BYTES = 2_000
"""Of a path: what an index of PostgreSQL can hold is little more."""


@blueprint.get(f"/categories/<{ID}:category_id>")
def category(category_id: int) -> str:
    mark = request.args.get("before")
    unread_only = request.args.get("view") != "all"
    with reading() as (connection, reader):
        path, ids, unread = get_category(find_shelves(connection, reader), category_id)
        selection = Selection(category_ids=ids, unread_only=unread_only)
        return render_template(
            "category.html",
            category_id=category_id,
            path=path,
            unread=unread,
            unread_only=unread_only,
            page=load_page(connection, reader, selection, mark),
            newest=newest_id(connection),
            first=mark is None,
            progress=load_progress(connection, reader),
        )


# ── to change one ────────────────────────────────────────────────────────────────────────────────


@blueprint.get("/categories/edit")
def edit() -> str:
    """One is named by its path: it need not hold feeds itself."""
    with reading() as (connection, reader):
        return _show_edit(connection, reader, get_contents(connection, reader, _read_path(request.args, 404)))


def _show_edit(
    connection: Connection,
    reader: int,
    contents: CategoryContents,
    *,
    typed: str = "",
    taken: tuple[CategoryPath, ...] = (),
    problem: str = "",
) -> str:
    return render_template(
        "category_edit.html",
        contents=contents,
        parent=contents.path[:-1],
        typed=typed,
        taken=taken,
        problem=problem,
        known=list_categories(connection, reader),
        searches=[
            saved.name
            for saved in list_saved(connection, reader)
            if any(names_category(name, contents.path) for name in parse_query(saved.query).categories)
        ],
    )


@blueprint.post("/categories/rename")
def rename() -> Response | str | tuple[str, int]:
    """Also to another place: a name is a path. Putting two together is asked about first."""
    typed = " ".join(request.form.get("name", "").split())
    if len(typed) > LONGEST_PATH or "\0" in typed:
        abort(400)
    with writing() as (connection, reader):
        contents = get_contents(connection, reader, _read_path(request.form))
        new = read_path(typed, list_categories(connection, reader))
        problem = _problem(contents, new)
        if problem:
            return _show_edit(connection, reader, contents, typed=typed, problem=problem), 422
        taken = list_taken(connection, reader, contents, new)
        if taken and request.form.get("together") != "1":
            return _show_edit(connection, reader, contents, typed=typed, taken=taken)
        move_category(connection, reader, contents.path, new)
        category_id = find_category(connection, reader, new)
    flash(gettext("Saved."))
    if category_id is None:  # it holds only others
        return redirect(url_for("categories.edit", category=write_path(new)), 303)
    return redirect(url_for("categories.category", category_id=category_id), 303)


def _problem(contents: CategoryContents, new: CategoryPath) -> str:
    old = contents.path
    if not new:
        return gettext("A category needs a name.")
    if any(len(write_path(path).encode()) > _MOST_BYTES for path in (new, *contents.moved(new))):
        return gettext("With the categories in it, that name is too long.")
    if len(new) > len(old) and new[: len(old)] == old:
        return gettext("A category cannot be inside itself.")
    return ""


@blueprint.post("/categories/delete")
def delete() -> Response:
    """What it holds moves up. A filter of a category at the top has nowhere to go but to all feeds: it stays
    in the way until somebody has decided."""
    with writing() as (connection, reader):
        contents = get_contents(connection, reader, _read_path(request.form))
        parent = contents.path[:-1]
        if contents.filters and not parent:
            abort(400)
        move_category(connection, reader, contents.path, parent)
    flash(gettext("The category “%(name)s” is deleted.", name=contents.path[-1]))
    return redirect(url_for("feeds.index"), 303)


def _read_path(fields: Mapping[str, str], otherwise: int = 400) -> CategoryPath:
    """A path as JSON, as our own links and forms have it; the status of an answer to anything else."""
    path = parse_path(fields.get("category", ""))
    return abort(otherwise) if path is None else path
