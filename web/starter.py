"""Feeds to begin with, for a library that is empty."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext, ngettext

from aggregator.feeds.opml import parse_opml, write_opml
from web.importing import Groups, by_category
from web.services import reader_id, services

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from aggregator.domain import Outline

blueprint = Blueprint("starter", __name__)


def starter_groups() -> Groups:
    return by_category(_outlines())


def _outlines() -> tuple[Outline, ...]:
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
    document = write_opml(chosen, title="Lire aussi", created_at=now)
    report = services().subscriber.import_opml(reader_id(), document, now=now)
    services().request_refresh(False)
    count = len(report.added)
    flash(ngettext("You now follow %(num)s feed.", "You now follow %(num)s feeds.", count))
    return redirect(url_for("entries.home"), 303)
