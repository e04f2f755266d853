"""The address of an embedded player, or of the page of a film -> the film.

Promises: what is given is put together here, from numbers that were found; players are those of a few large
sites, in the way of each that keeps least of who watches. Where anybody may run the site (PeerTube), there is
a page and no player: no frame of an unknown host is ever shown.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Film:
    page: str
    """Where a person watches it."""
    player: str | None
    """What a frame may show, at one of `PLAYERS`."""

    @property
    def host(self) -> str:
        return (urlsplit(self.page).hostname or "").removeprefix("www.")


PLAYERS = (
    "https://www.youtube-nocookie.com",
    "https://player.vimeo.com",
    "https://geo.dailymotion.com",
    "https://www.arte.tv",
)


def find_film(address: str) -> Film | None:
    """None where it is neither a player nor the page of a film that we know."""
    address = f"https:{address}" if address.startswith("//") else address
    for pattern, film in _SITES:
        if found := pattern.match(address):
            return film(*(part or "" for part in found.groups()))
    return None


def _youtube(number: str) -> Film:
    return Film(
        page=f"https://www.youtube.com/watch?v={number}",
        player=f"https://www.youtube-nocookie.com/embed/{number}?autoplay=1",
    )


def _vimeo(number: str, secret: str, secret_of_player: str) -> Film:
    secret = secret or secret_of_player
    return Film(
        page=f"https://vimeo.com/{number}/{secret}".rstrip("/"),
        player=f"https://player.vimeo.com/video/{number}?dnt=1&autoplay=1"
        + (f"&h={secret}" if secret else ""),
    )


def _dailymotion(number: str) -> Film:
    return Film(
        page=f"https://www.dailymotion.com/video/{number}",
        player=f"https://geo.dailymotion.com/player.html?video={number}",
    )


def _arte(language: str, number: str) -> Film:
    return Film(
        page=f"https://www.arte.tv/{language}/videos/{number}/",
        player=f"https://www.arte.tv/embeds/{language}/{number}?autoplay=true",
    )


def _arte_by_settings(settings: str) -> Film | None:
    found = re.search(rf"/config/{_ARTE_NUMBER}", unquote(settings), re.ASCII)
    return _arte(*found.groups()) if found else None


def _peertube(site: str, number: str) -> Film:
    return Film(page=f"https://{site}/w/{number}", player=None)


_END = r"(?![\w-])"
_YOUTUBE = rf"(?!videoseries)([\w-]{{11}}){_END}"
_VIMEO = rf"(\d{{4,12}}){_END}(?:/([0-9a-f]{{6,20}}){_END})?(?:/?\?(?:[^#]*&)?h=([0-9a-f]{{6,20}}))?"
_DAILYMOTION = rf"(\w{{5,12}}){_END}"
_ARTE_NUMBER = rf"([a-z]{{2}})/(?:videos/)?(\d{{6}}-\d{{3}}-[A-Z]){_END}"
_PEERTUBE_NUMBER = rf"([0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}|[1-9A-HJ-NP-Za-km-z]{{22}}){_END}"
_KNOWN: Mapping[str, Callable[..., Film | None]] = {
    rf"(?:www\.|m\.)?youtube(?:-nocookie)?\.com/(?:embed/|v/|shorts/|live/){_YOUTUBE}": _youtube,
    rf"(?:www\.|m\.)?youtube\.com/watch\?(?:[^#]*&)?v={_YOUTUBE}": _youtube,
    rf"youtu\.be/{_YOUTUBE}": _youtube,
    rf"(?:player\.vimeo\.com/video|(?:www\.)?vimeo\.com)/{_VIMEO}": _vimeo,
    rf"(?:www\.)?dailymotion\.com/(?:embed/)?video/{_DAILYMOTION}": _dailymotion,
    rf"geo\.dailymotion\.com/player(?:/\w+)?\.html\?(?:[^#]*&)?video={_DAILYMOTION}": _dailymotion,
    rf"dai\.ly/{_DAILYMOTION}": _dailymotion,
    rf"www\.arte\.tv/(?:embeds/)?{_ARTE_NUMBER}": _arte,
    r"www\.arte\.tv/player/v\d/index\.php\?([^#]*)": _arte_by_settings,
    rf"((?:[a-z0-9-]+\.)+[a-z]{{2,}})/(?:videos/embed|w)/{_PEERTUBE_NUMBER}": _peertube,
}
_SITES = tuple((re.compile(f"https?://{pattern}", re.ASCII), film) for pattern, film in _KNOWN.items())
