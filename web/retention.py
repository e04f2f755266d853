"""What is kept of a feed: the form on its page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from flask import Blueprint, abort, flash, redirect, request, url_for
from flask_babel import gettext

from aggregator.domain import RetentionRule
from aggregator.storage.retention import set_rule
from aggregator.storage.subscriptions import get_subscription
from web.forms import ID
from web.services import writing

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

blueprint = Blueprint("retention", __name__)

_NUMBER = re.compile(r"\d{1,10}", re.ASCII)
_MOST_DAYS = 36_600
_MOST_ENTRIES = 1_000_000_000


@blueprint.post(f"/feeds/<{ID}:feed_id>/keep")
def keep(feed_id: int) -> Response:
    rule = RetentionRule(
        keep_days=_read_bound("keep_days", _MOST_DAYS),
        keep_entries=_read_bound("keep_entries", _MOST_ENTRIES),
    )
    with writing() as (connection, reader):
        get_subscription(connection, reader, feed_id)
        set_rule(connection, feed_id, rule)
    flash(gettext("Saved. What is no longer kept goes within a day."))
    return redirect(url_for("feeds.feed", feed_id=feed_id), 303)


def _read_bound(name: str, most: int) -> int | None:
    """None where the field is empty."""
    text = request.form.get(name, "").strip()
    if not text:
        return None
    if not _NUMBER.fullmatch(text) or int(text) > most:
        abort(400)
    return int(text)
