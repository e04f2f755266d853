"""The language of a page: chosen by the person, else asked for by the browser; else English."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from flask import g, has_app_context, request
from flask_babel import Babel, get_locale, get_translations
from markupsafe import Markup

if TYPE_CHECKING:
    from flask import Flask, Response

LANGUAGES = ("en", "fr")


def install(app: Flask) -> None:
    Babel(app, default_locale=LANGUAGES[0], locale_selector=_choose)
    app.jinja_env.globals.update(_=say, ngettext=say_many)
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
    if not has_app_context():
        return LANGUAGES[0]
    if "language" not in g:
        locale = get_locale()
        g.language = locale.language if locale else LANGUAGES[0]
    return str(g.language)


def say(message: str, **facts: object) -> Markup:
    """`_` in templates. A page says hundreds of things; to look each up anew is a third of its time."""
    said = _said(language(), message)
    return said % facts if facts else said


def say_many(one: str, many: str, num: int, **facts: object) -> Markup:
    return _said_many(language(), one, many, num) % ({"num": num} | facts)


# The caches are filled in the language of the page, which is part of what they are asked by.


@lru_cache(maxsize=4096)
def _said(language: str, message: str) -> Markup:  # noqa: ARG001
    return Markup(get_translations().ugettext(message))  # noqa: S704 (our own words)


@lru_cache(maxsize=4096)
def _said_many(language: str, one: str, many: str, num: int) -> Markup:  # noqa: ARG001
    return Markup(get_translations().ungettext(one, many, num))  # noqa: S704


def foreign(text_language: str | None) -> str:
    """The language of a text where it is known and not that of the page; else empty."""
    return text_language if text_language and text_language != language() else ""


def _tell_caches(response: Response) -> Response:
    response.vary.add("Accept-Language")
    return response
