"""What went wrong, in a sentence of the page's language: the one table, and the pages that show it.

Promises: never a traceback, never an address or a file name that the page was not asked about; what is
unexpected goes to the log and says so on the page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import current_app, render_template, request
from flask_babel import gettext, lazy_gettext
from werkzeug.exceptions import HTTPException

from aggregator.errors import AggregatorError, NotFound, StorageError
from web.reasons import find_reason, reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Flask
    from flask_babel.speaklater import LazyString
    from werkzeug.wrappers import Response

SENTENCES: Mapping[str, LazyString] = {
    "address-refused": lazy_gettext("This address may not be fetched."),
    "unreachable": lazy_gettext("The server cannot be reached."),
    "bad-status": lazy_gettext("The server answers, but does not give the document."),
    "gone": lazy_gettext("The publisher has removed this feed for good."),
    "too-large": lazy_gettext("The document is too large."),
    "not-a-feed": lazy_gettext("There is no feed at this address."),
    "malformed-feed": lazy_gettext("The document is too damaged to be read as a feed."),
    "subscription": lazy_gettext("You follow this feed already."),
    "not-found": lazy_gettext("Your library holds no such article or feed. Perhaps you no longer follow it."),
    "opml": lazy_gettext("This file cannot be imported."),
    "storage": lazy_gettext("The library cannot be read or written right now. Nothing in it is lost."),
}
"""By the code of an `AggregatorError`."""

FAILURES: Mapping[int, tuple[LazyString, LazyString]] = {
    400: (
        lazy_gettext("This form is no longer valid"),
        lazy_gettext("Nothing was changed. Go back, reload the page and try again."),
    ),
    401: (
        lazy_gettext("An account is needed first"),
        lazy_gettext(
            "Nobody has a password yet. Open the link that the program printed when it started, "
            "or run: lire-aussi user password owner"
        ),
    ),
    403: (
        lazy_gettext("This is not yours to open"),
        lazy_gettext("Log in first; some pages are the owner’s alone. Nothing was changed."),
    ),
    404: (
        lazy_gettext("This page does not exist"),
        lazy_gettext("The address may be mistyped, or what it showed is gone."),
    ),
    405: (
        lazy_gettext("This address cannot be opened like that"),
        lazy_gettext("It only receives a form. Use the buttons of the pages."),
    ),
    413: (
        lazy_gettext("This file is too large"),
        lazy_gettext("At most 20 MB are accepted. Nothing was changed."),
    ),
    421: (
        lazy_gettext("The library is not served under this name"),
        lazy_gettext("Use localhost or its IP address, or add the name to pages.hosts in the settings."),
    ),
    429: (
        lazy_gettext("Too many attempts"),
        lazy_gettext("Wait some minutes, then try again. Nothing was changed."),
    ),
    503: (lazy_gettext("The library is not available"), SENTENCES["storage"]),
}
"""By HTTP status: a heading and a sentence."""

_UNEXPECTED = (
    lazy_gettext("Something went wrong"),
    lazy_gettext("The error was written to the log. Nothing that was stored is lost."),
)


def install(app: Flask) -> None:
    app.register_error_handler(HTTPException, _show_http_error)
    app.register_error_handler(AggregatorError, _show_error)
    app.add_template_filter(sentence_of, "sentence")
    app.add_template_filter(reason, "reason")


def sentence(error: AggregatorError) -> str:
    """The error in a sentence, with its reason where there is one."""
    return sentence_of(error.code, error.detail, error.reason) if error.code in SENTENCES else str(error)


def sentence_of(code: str | None, detail: str | None, reason_code: str | None = None) -> str:
    """The sentence of a code, of its reason, and of what can be done; the detail for an unknown code."""
    known = SENTENCES.get(code or "")
    if known is None:
        return detail or ""
    words, advice = find_reason(reason_code)
    if code == "bad-status" and words and (reason_code or "").startswith("status?"):
        return gettext("The server answers with %(error)s.", error=words)
    if not words:
        return str(known)
    told = gettext("%(sentence)s The reason: %(reason)s.", sentence=known, reason=words)
    return f"{told} {advice}".rstrip()


def _show_error(error: AggregatorError) -> tuple[str, int]:
    if isinstance(error, NotFound):
        return _page(404, str(FAILURES[404][0]), sentence(error)), 404
    if isinstance(error, StorageError):
        current_app.logger.error("%s %s: %s", request.method, request.path, error)
        return _page(503, *map(str, FAILURES[503])), 503
    return _page(422, str(_UNEXPECTED[0]), sentence(error)), 422


def _show_http_error(error: HTTPException) -> Response | HTTPException:
    if error.code is None or error.code < 400:
        return error
    response = error.get_response()  # keeps Allow and Retry-After
    heading, explanation = FAILURES.get(error.code, _UNEXPECTED)
    response.data = _page(error.code, str(heading), str(explanation))
    response.content_type = "text/html; charset=utf-8"
    return response


def _page(status: int, heading: str, explanation: str) -> str:
    return render_template("error.html", status=status, heading=heading, explanation=explanation)
