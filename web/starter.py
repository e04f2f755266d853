"""Feeds to begin with, for a library that is empty."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import groupby
from typing import TYPE_CHECKING

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext, ngettext

from aggregator.feeds.opml import parse_opml
from web.quotas import quota_in_words
from web.services import reader_id, services

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from aggregator.domain import CategoryPath, Outline

blueprint = Blueprint("starter", __name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """A category of the list. `language` is what its feeds are written in, empty where the list is silent."""

    category: CategoryPath
    language: str
    outlines: tuple[Outline, ...]


def starter_shelves(language: str) -> tuple[Shelf, ...]:
    """In the order of the list, those of the reader's language first."""
    shelves = [
        Shelf(category=category, language=some[0].language or "", outlines=some)
        for category, group in groupby(_outlines(), key=lambda outline: outline.category)
        if (some := tuple(group))
    ]
    return tuple(sorted(shelves, key=lambda shelf: shelf.language != language))


@cache
def _outlines() -> tuple[Outline, ...]:
    """The list ships with the program and does not change while it runs."""
    return parse_opml(resources.files("config").joinpath("starter.opml").read_bytes())


@blueprint.post("/starter")
def take() -> Response:
    """Follow those of the list that were ticked; an address that is not of the list is ignored."""
    ticked = set(request.form.getlist("feed"))
    chosen = [outline for outline in _outlines() if outline.url in ticked]
    if not chosen:
        flash(gettext("Tick at least one feed."))
        return redirect(url_for("entries.home"), 303)
    now = services().clock()
    most = services().people.feeds
    report = services().subscriber.import_outlines(reader_id(), chosen, now=now, most=most)
    services().request_refresh(False)
    count = len(report.added)
    flash(ngettext("You now follow %(num)s feed.", "You now follow %(num)s feeds.", count))
    if report.refused:
        flash(quota_in_words())
    return redirect(url_for("entries.home"), 303)
