"""The search page: hits with marked words, filters, and the searches that a person keeps."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext, lazy_gettext

from aggregator.errors import StorageError
from aggregator.searching.language import MAX_CHARACTERS, Problem, Query, merge, parse_query, write_query
from aggregator.storage.icons import icon_digests
from aggregator.storage.savedsearches import (
    MAX_SAVED,
    delete_search,
    get_saved,
    list_saved,
    rename_search,
    save_search,
)
from aggregator.storage.search import MAX_COUNTED, Order, search_entries
from aggregator.storage.subscriptions import list_categories
from web.forms import ID
from web.removals import read_deleted_search, sign_deleted_search
from web.services import reading, services, writing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Flask
    from flask_babel.speaklater import LazyString
    from werkzeug.wrappers import Response

    from aggregator.domain import CategoryPath, SavedSearch

blueprint = Blueprint("search", __name__)

PAGE_LENGTH = 25
LAST_PAGE = ceil(MAX_COUNTED / PAGE_LENGTH)
MAX_NAME_CHARACTERS = 80
_SHOWN_CATEGORIES = 200

PROBLEMS: Mapping[str, LazyString] = {
    "only-unwanted": lazy_gettext("Type a word that must occur, too."),
    "bad-date": lazy_gettext("“%(subject)s” is no date. Write 2026-11-24, 2026-11 or 2026."),
    "bad-period": lazy_gettext("“%(subject)s” is no period. Write 7d, week, month or year."),
    "bad-state": lazy_gettext("“%(subject)s” is no state. Write unread, read or starred."),
    "backwards": lazy_gettext("The period ends before it begins."),
    "negated": lazy_gettext("A minus leaves out words, not what a filter names: “%(subject)s”."),
    "too-many": lazy_gettext("Only the first words of this search count."),
    "no-feed": lazy_gettext("You follow no feed that is called “%(subject)s”."),
    "no-category": lazy_gettext("You have no category that is called “%(subject)s”."),
}
"""By the code of a `Problem`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What the search form holds."""

    words: str
    feed: str
    category: str
    since: str
    until: str
    state: str
    starred: bool
    order: Order

    @property
    def filters(self) -> str:
        """The fields below the words, as words."""
        fields = (("feed", self.feed), ("category", self.category), ("from", self.since), ("to", self.until))
        pieces = [f'{name}:"{_unquoted(value)}"' for name, value in fields if value]
        pieces += [f"is:{self.state}"] if self.state else []
        pieces += ["is:starred"] if self.starred else []
        return " ".join(pieces)

    @property
    def query(self) -> Query:
        return merge(parse_query(self.words), parse_query(self.filters))

    @property
    def typed(self) -> str:
        """All of it as one could type it: the words as they are, the fields as filters."""
        return f"{self.words} {write_query(parse_query(self.filters))}".strip()[:MAX_CHARACTERS]

    @property
    def arguments(self) -> dict[str, str]:
        """Of the address of this search."""
        fields = {
            "q": self.words,
            "feed": self.feed,
            "category": self.category,
            "from": self.since,
            "to": self.until,
            "state": self.state,
            "starred": "1" if self.starred else "",
            "order": "date" if self.order == "date" else "",
        }
        return {name: value for name, value in fields.items() if value}


def _unquoted(value: str) -> str:
    return value.replace('"', " ")


def read_form(arguments: Mapping[str, str]) -> Form:
    """Whatever an address holds is a form."""

    def field(name: str, longest: int = 100) -> str:
        return arguments.get(name, "").replace("\0", " ").strip()[:longest]

    state = field("state")
    return Form(
        words=field("q", MAX_CHARACTERS),
        feed=field("feed"),
        category=field("category"),
        since=field("from"),
        until=field("to"),
        state=state if state in ("unread", "read") else "",
        starred=field("starred") == "1",
        order="date" if field("order") == "date" else "relevance",
    )


def install(app: Flask) -> None:
    app.context_processor(lambda: {"saved_searches": _saved_searches})
    app.add_template_filter(problem_sentence, "problem")


def _saved_searches() -> tuple[SavedSearch, ...]:
    """For the frame of every page, also of one that says that the library cannot be read."""
    if g.get("person") is None:
        return ()
    if "saved_searches" not in g:
        try:
            with reading() as (connection, reader):
                g.saved_searches = list_saved(connection, reader)
        except StorageError:
            g.saved_searches = ()
    found: tuple[SavedSearch, ...] = g.saved_searches
    return found


def problem_sentence(problem: Problem) -> str:
    return str(PROBLEMS[problem.code]) % {"subject": problem.subject}


@blueprint.get("/search")
def results() -> str:
    form = read_form(request.args)
    query = form.query
    number = min(max(1, request.args.get("page", 1, type=int)), LAST_PAGE)
    start = (number - 1) * PAGE_LENGTH
    with reading() as (connection, reader):
        now = services().clock()
        found = search_entries(
            connection, reader, query, now=now, order=form.order, limit=PAGE_LENGTH, offset=start
        )
        icons = icon_digests(connection, (hit.headline.feed_id for hit in found.hits))
        categories = list_categories(connection, reader)[:_SHOWN_CATEGORIES]
        g.saved_searches = saved = list_saved(connection, reader)  # the frame shows them, too
        kept = next((search for search in saved if search.query == form.typed), None)
        return render_template(
            "search.html",
            form=form,
            words=form.words,
            query=query,
            found=found,
            icons=icons,
            start=start,
            number=number,
            next_page=number + 1 if start + PAGE_LENGTH < found.total and number < LAST_PAGE else None,
            categories=[_written(path) for path in categories],
            kept=kept,
            without_filters=write_query(Query(wanted=query.wanted, unwanted=query.unwanted)),
        )


def _written(path: CategoryPath) -> str:
    return "/".join(path)


# ── saved searches ───────────────────────────────────────────────────────────────────────────────


def _read_name(default: str = "") -> str:
    return " ".join((request.form.get("name", "") or default).split())[:MAX_NAME_CHARACTERS]


def _to_search(query: str) -> Response:
    return redirect(url_for("search.results", q=query), 303)


@blueprint.post("/searches")
def save() -> Response:
    query = request.form.get("query", "").replace("\0", " ").strip()[:MAX_CHARACTERS]
    name = _read_name(query)
    if not (name and parse_query(query).asks):
        abort(400)
    with writing() as (connection, reader):
        saved = save_search(connection, reader, name, query, now=services().clock())
    if saved:
        flash(gettext("The search “%(name)s” is kept. It stands under your categories.", name=name))
    else:
        flash(gettext("You keep %(count)s searches already. Delete one first.", count=MAX_SAVED))
    return _to_search(query)


@blueprint.post(f"/searches/<{ID}:search_id>/rename")
def rename(search_id: int) -> Response:
    name = _read_name()
    with writing() as (connection, reader):
        saved = get_saved(connection, reader, search_id)
        renamed = bool(name) and rename_search(connection, reader, search_id, name)
    if name and not renamed:
        flash(gettext("Another search is called “%(name)s”.", name=name))
    return _to_search(saved.query)


@blueprint.post(f"/searches/<{ID}:search_id>/delete")
def delete(search_id: int) -> Response:
    with writing() as (connection, reader):
        saved = get_saved(connection, reader, search_id)
        delete_search(connection, reader, search_id)
    flash(gettext("The search “%(name)s” is deleted.", name=saved.name))
    flash(sign_deleted_search(saved), "deleted")  # a button
    return _to_search(saved.query)


@blueprint.post("/searches/undo-delete")
def undo_delete() -> Response:
    gone = read_deleted_search(request.form.get("deleted", ""))
    if gone is None:
        abort(400)
    name, query = gone
    with writing() as (connection, reader):
        save_search(connection, reader, name, query, now=services().clock())
    flash(gettext("The search “%(name)s” is kept again.", name=name))
    return _to_search(query)
