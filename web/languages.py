"""The language of a page: chosen by the person, else asked for by the browser; else English."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import g, request
from flask_babel import Babel, get_locale

if TYPE_CHECKING:
    from flask import Flask, Response

LANGUAGES = ("en", "fr")


def install(app: Flask) -> None:
    Babel(app, default_locale=LANGUAGES[0], locale_selector=_choose)
    app.context_processor(lambda: {"language": language()})
    app.after_request(_tell_caches)
    app.add_template_filter(foreign)


def _choose() -> str:
    person = g.get("person")
    if person is not None and person.language in LANGUAGES:
        return str(person.language)
    for tag, quality in request.accept_languages:  # best first
        spoken = tag.partition("-")[0].lower()
        if quality > 0 and spoken in LANGUAGES:
            return spoken
    return LANGUAGES[0]


def language() -> str:
    """ISO 639-1."""
    locale = get_locale()
    return locale.language if locale else LANGUAGES[0]


def foreign(text_language: str | None) -> str:
    """The language of a text where it is known and not that of the page; else empty."""
    return text_language if text_language and text_language != language() else ""


def _tell_caches(response: Response) -> Response:
    response.vary.add("Accept-Language")
    return response
