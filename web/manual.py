"""How the pages are used, in plain words, and the keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, render_template
from flask_babel import lazy_gettext

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask_babel.speaklater import LazyString

blueprint = Blueprint("manual", __name__)

KEYS: Sequence[tuple[LazyString, Sequence[tuple[str, LazyString]]]] = (
    (
        lazy_gettext("In a list"),
        (
            ("j k", lazy_gettext("next, previous")),
            ("o", lazy_gettext("open")),
            ("A", lazy_gettext("mark all as read")),
            ("r", lazy_gettext("refresh")),
            ("/", lazy_gettext("search")),
        ),
    ),
    (
        lazy_gettext("In an article"),
        (
            ("j k", lazy_gettext("next, previous")),
            ("v", lazy_gettext("original page")),
            ("f", lazy_gettext("full text, or what the feed sent")),
            ("m", lazy_gettext("read or unread")),
            ("s", lazy_gettext("star")),
            ("l", lazy_gettext("jump to what to read with it")),
            ("1 – 4", lazy_gettext("open the first to fourth of them")),
            ("w", lazy_gettext("why they are there")),
            ("u", lazy_gettext("back to the list")),
        ),
    ),
    (
        lazy_gettext("Everywhere"),
        (
            ("g u", lazy_gettext("unread")),
            ("g s", lazy_gettext("starred")),
            ("g a", lazy_gettext("all articles")),
            ("g h", lazy_gettext("recently read")),
            ("g f", lazy_gettext("feeds")),
            ("?", lazy_gettext("this card")),
        ),
    ),
)


@blueprint.get("/help")
def index() -> str:
    return render_template("help.html", keys=KEYS)
