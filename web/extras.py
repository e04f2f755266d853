"""What a page shows of an entry beside its text: one picture, one player, the other files, a few words.

Promises: nothing twice. What the text shows itself (a picture, a sound) is not shown again, and of pictures
there is one, only where the text has none. Nothing is loaded before somebody asks for it, but the picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import unescape
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from aggregator.feeds.videos import find_film

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aggregator.domain import Enclosure, Entry
    from aggregator.feeds.videos import Film

_MAX_FILES = 12
_MAX_NAME_CHARS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file under the name that a person sees."""

    name: str
    enclosure: Enclosure


@dataclass(frozen=True, slots=True, kw_only=True)
class Extras:
    picture: str | None
    film: Film | None
    """That the entry is about, where a page can play it: an entry of a channel."""
    player: File | None
    """Sound or film; the first that the entry has."""
    is_film: bool
    files: tuple[File, ...]
    """The others, to be opened elsewhere."""
    categories: tuple[str, ...]
    comments_url: str | None
    source_title: str
    source_url: str | None


def extras(entry: Entry) -> Extras:
    details = entry.details
    text = unescape(entry.html)
    has_picture = "<img" in entry.html
    new = [enclosure for enclosure in details.enclosures if enclosure.url not in text]
    player = next((enclosure for enclosure in new if _is_playable(enclosure)), None)
    # A film has its own first picture; to show both would be to show it twice.
    picture = None if has_picture or "<video" in entry.html else details.image_url
    others = [
        enclosure
        for enclosure in new
        if enclosure is not player and not (_is_picture(enclosure) and (has_picture or picture))
    ]
    return Extras(
        picture=picture,
        film=_film(entry.url, text),
        player=_file(player) if player else None,
        is_film=bool(player and player.type.startswith("video/")),
        files=_named(others),
        categories=details.categories,
        comments_url=details.comments_url,
        source_title=details.source_title,
        source_url=details.source_url,
    )


def _film(address: str | None, text: str) -> Film | None:
    film = find_film(address or "")
    return film if film and film.player and film.page not in text else None


def _is_playable(enclosure: Enclosure) -> bool:
    return enclosure.type.startswith(("audio/", "video/"))


def _is_picture(enclosure: Enclosure) -> bool:
    return enclosure.type.startswith("image/")


def _named(enclosures: Iterable[Enclosure]) -> tuple[File, ...]:
    return tuple(_file(enclosure) for enclosure in enclosures)[:_MAX_FILES]


def _file(enclosure: Enclosure) -> File:
    return File(name=enclosure.title or _name(enclosure.url), enclosure=enclosure)


def _name(address: str) -> str:
    """The end of its path, else its host. The end of a long name tells more than its beginning."""
    parts = urlsplit(address)
    name = unquote(parts.path.rstrip("/").rpartition("/")[2]) or parts.netloc
    return name if len(name) <= _MAX_NAME_CHARS else f"…{name[-_MAX_NAME_CHARS:]}"
