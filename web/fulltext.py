"""The full text of an article that its feed cuts short: asked for once, or always for a feed."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext, lazy_gettext

from aggregator.errors import FeedError
from aggregator.storage.subscriptions import get_subscription
from aggregator.storage.wantedtexts import want_always
from web.entries import back_to
from web.forms import ID, read_switch
from web.reasons import find_reason
from web.services import reader_id, services, writing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask_babel.speaklater import LazyString
    from werkzeug.wrappers import Response

blueprint = Blueprint("fulltext", __name__)

_REFUSED = lazy_gettext("The site does not show this article to everybody: perhaps one has to subscribe.")
_GONE = lazy_gettext("The page of this article is gone.")
_BY_STATUS: Mapping[int, LazyString] = {
    HTTPStatus.UNAUTHORIZED: _REFUSED,
    HTTPStatus.PAYMENT_REQUIRED: _REFUSED,
    HTTPStatus.FORBIDDEN: _REFUSED,
    HTTPStatus.UNAVAILABLE_FOR_LEGAL_REASONS: _REFUSED,
    HTTPStatus.NOT_FOUND: _GONE,
    HTTPStatus.GONE: _GONE,
}
_SENTENCES: Mapping[str, LazyString] = {
    "address-refused": lazy_gettext("The address of this article may not be fetched."),
    "unreachable": lazy_gettext("The site cannot be reached."),
    "bad-status": lazy_gettext("The site answers, but does not give the page."),
    "gone": _GONE,
    "too-large": lazy_gettext("The page is too large."),
    "not-a-page": lazy_gettext("There is no web page at the address of this article."),
    "malformed-feed": lazy_gettext("The page could not be read."),
    "no-full-text": lazy_gettext("The full text could not be had."),
    "site-busy": lazy_gettext("The site is not asked just now. Try again in a moment."),
}


@blueprint.app_template_filter("page_sentence")
def page_sentence(code: str | None, reason: str | None) -> str:
    """Why a full text was not to be had."""
    words, _ = find_reason(reason)
    status = parse_qs((reason or "").partition("?")[2]).get("status", [""])[0]
    known = _BY_STATUS.get(int(status)) if status.isdecimal() else None
    told = str(known or _SENTENCES.get(code or "", _SENTENCES["no-full-text"]))
    if known is not None or not words:
        return told
    return gettext("%(sentence)s The reason: %(reason)s.", sentence=told, reason=words)


@blueprint.post(f"/entries/<{ID}:entry_id>/full-text")
def fetch(entry_id: int) -> Response:
    try:
        services().completer.complete(reader_id(), entry_id, now=services().clock())
    except FeedError as error:
        flash(page_sentence(error.code, error.reason))
        return back_to(entry_id, keep=_keep())
    services().request_refresh(False)  # which links the fuller text
    return back_to(entry_id, keep=_keep())


def _keep() -> str | None:
    return "unread" if request.form.get("keep") == "unread" else None


@blueprint.post(f"/feeds/<{ID}:feed_id>/full-text")
def always(feed_id: int) -> Response:
    wanted, now = read_switch("always"), services().clock()
    with writing() as (connection, reader):
        get_subscription(connection, reader, feed_id)
        want_always(connection, reader, feed_id, since=now if wanted else None)
    if wanted:
        flash(gettext("From now on, the full text of each new article of this feed is fetched."))
    else:
        flash(gettext("The full text of this feed’s articles is fetched only when you ask for it."))
    return redirect(url_for("feeds.feed", feed_id=feed_id), 303)
