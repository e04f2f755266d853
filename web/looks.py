"""How a person likes to read: colours, letters and their size, and whether keys do things.

It is kept in a cookie of that browser, not in the library: a phone at night is not a desk by day. The server
reads it, so that the first paint is right; a script may change it without a reload.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from flask import Blueprint, abort, redirect, request, url_for

if TYPE_CHECKING:
    from flask import Flask
    from werkzeug.wrappers import Response

blueprint = Blueprint("looks", __name__)

THEMES = ("auto", "light", "sepia", "dark")
FACES = ("serif", "sans")
SIZES = (1, 2, 3, 4, 5)
COOKIE = "look"
_YEAR = timedelta(days=365)
_PATTERN = re.compile(rf"({'|'.join(THEMES)})-({'|'.join(FACES)})-([1-5])-([01])", re.ASCII)
_OURS = re.compile(r"/(?![/\\])[^\\\s]{0,500}", re.ASCII)
"""An address of these pages: nothing that a browser could take for another site."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    theme: str = "auto"
    face: str = "serif"
    size: int = 2
    keys: bool = True

    @property
    def cookie(self) -> str:
        return f"{self.theme}-{self.face}-{self.size}-{int(self.keys)}"


def read_look(cookie: str | None) -> Look:
    match = _PATTERN.fullmatch(cookie or "")
    if match is None:
        return Look()
    return Look(theme=match[1], face=match[2], size=int(match[3]), keys=match[4] == "1")


PAPER = {"light": "#fcfaf6", "sepia": "#f5ead6", "dark": "#121110"}
"""As in style.css: what browsers and systems paint around the pages."""


def install(app: Flask) -> None:
    app.context_processor(
        lambda: {"look": read_look(request.cookies.get(COOKIE)), "themes": THEMES, "sizes": SIZES}
    )
    app.add_template_global(theme_colours)


def theme_colours() -> tuple[tuple[str, str], ...]:
    """(media query, colour)"""
    theme = read_look(request.cookies.get(COOKIE)).theme
    if theme in PAPER:
        return (("", PAPER[theme]),)
    return tuple((f"(prefers-color-scheme: {scheme})", PAPER[scheme]) for scheme in ("light", "dark"))


@blueprint.post("/look")
def change() -> Response:
    """Takes over what the form holds, leaves the rest, and goes back to where the form stands."""
    look = read_look(request.cookies.get(COOKIE))
    look = replace(look, theme=_choice("theme", THEMES, look.theme), face=_choice("face", FACES, look.face))
    look = replace(look, size=int(_choice("size", [str(size) for size in SIZES], str(look.size))))
    look = replace(look, keys=_choice("keys", ("0", "1"), str(int(look.keys))) == "1")
    back = request.form.get("back", "")
    answer = redirect(back if _OURS.fullmatch(back) else url_for("entries.home"), 303)
    answer.set_cookie(COOKIE, look.cookie, max_age=_YEAR, samesite="Lax")
    return answer


def _choice(name: str, known: tuple[str, ...] | list[str], now: str) -> str:
    value = request.form.get(name, now)
    if value not in known:
        abort(400)
    return value
