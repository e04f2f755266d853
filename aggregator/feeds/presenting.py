"""Safe HTML -> the same, as a page shows it.

Promises: addresses of pictures change, and links to films become cards made here; nothing else changes, and
what was safe stays so. It is quick: a page does it whenever it shows an article, and stores nothing of it.
Relies on the form that the cleaner writes: a "<" begins a tag and nothing else, values are quoted.
"""

from __future__ import annotations

import re
from html import escape, unescape
from typing import TYPE_CHECKING

from aggregator.domain import SafeHtml
from aggregator.feeds.videos import find_film

if TYPE_CHECKING:
    from collections.abc import Callable

    from aggregator.feeds.videos import Film

FILM = "▶"
"""With it begins the text of a link that stands where a frame showed a film."""

_TAG = re.compile(
    rf'<a href="([^"]*)" rel="noopener noreferrer">({FILM}[^<]*)</a>'
    r'|<(img|video)(?=[ >])((?: [a-z]+="[^"]*")*+)'
)
_ATTRIBUTE = re.compile(r' ([a-z]+)="([^"]*)"')
_BEFORE_TITLE = f"{FILM}\N{NO-BREAK SPACE}"
_PICTURES = frozenset({("img", "src"), ("video", "poster")})


def present(html: SafeHtml, *, picture: Callable[[str], str], film: str) -> SafeHtml:
    """`picture` gives the address at which a page shows a picture; `film` names one without a title."""

    def tag(found: re.Match[str]) -> str:
        address, words, name, attributes = found.groups()
        if name is None:
            known = find_film(unescape(address))
            return (
                found[0] if known is None else film_card(known, unescape(words).lstrip(_BEFORE_TITLE) or film)
            )
        return f"<{name}{_ATTRIBUTE.sub(lambda one: _attribute(name, one, picture), attributes)}"

    return SafeHtml(_TAG.sub(tag, html))


def film_card(film: Film, title: str) -> str:
    """A link to the page of a film. A script may put its player there, once it is clicked."""
    player = f' data-player="{escape(film.player)}"' if film.player else ""
    return (
        f'<a class="film" href="{escape(film.page)}" rel="noopener noreferrer"{player}>'
        f"<span>{FILM}</span> {escape(title)} <small>{escape(film.host)}</small></a>"
    )


def _attribute(tag: str, found: re.Match[str], picture: Callable[[str], str]) -> str:
    name, value = found.groups()
    return f' {name}="{escape(picture(unescape(value)))}"' if (tag, name) in _PICTURES else found[0]
