"""Under which title and in which category a person follows a feed: the form on its page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, abort, flash, redirect, request, url_for
from flask_babel import gettext

from aggregator.storage.subscriptions import arrange, get_subscription, list_categories
from web.forms import ID
from web.services import writing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from werkzeug.wrappers import Response

    from aggregator.domain import CategoryPath

blueprint = Blueprint("arranging", __name__)

_LONGEST = 500
_SIGN = "›"


@blueprint.post(f"/feeds/<{ID}:feed_id>/arrange")
def save(feed_id: int) -> Response:
    title, category = (" ".join(request.form.get(name, "").split()) for name in ("title", "category"))
    if max(len(title), len(category)) > _LONGEST or "\0" in title + category:
        abort(400)
    with writing() as (connection, reader):
        feed = get_subscription(connection, reader, feed_id).feed
        path = read_path(category, list_categories(connection, reader))
        own = None if title in ("", feed.title) else title
        arrange(connection, reader, feed_id, title=own, category=path)
    flash(gettext("Saved."))
    return redirect(url_for("feeds.feed", feed_id=feed_id), 303)


def read_path(typed: str, known: Iterable[CategoryPath]) -> CategoryPath:
    """One that is there, as it is shown (its names may hold the sign); else the names between the signs."""
    for path in known:
        if " ".join(f" {_SIGN} ".join(path).split()) == typed:
            return path
    return tuple(name for part in typed.split(_SIGN) if (name := part.strip()))
