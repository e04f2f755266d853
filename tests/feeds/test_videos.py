"""Films are known by the addresses of their players and pages; nothing else is."""

from __future__ import annotations

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.feeds.videos import PLAYERS, find_film

ID = "dQw4w9WgXcQ"
YOUTUBE = (f"https://www.youtube.com/watch?v={ID}", f"https://www.youtube-nocookie.com/embed/{ID}?autoplay=1")
VIMEO = ("https://vimeo.com/76979871", "https://player.vimeo.com/video/76979871?dnt=1&autoplay=1")
UNLISTED = ("https://vimeo.com/76979871/abc123ef", f"{VIMEO[1]}&h=abc123ef")
DAILYMOTION = (
    "https://www.dailymotion.com/video/x8abcde",
    "https://geo.dailymotion.com/player.html?video=x8abcde",
)
ARTE = (
    "https://www.arte.tv/fr/videos/110342-004-A/",
    "https://www.arte.tv/embeds/fr/110342-004-A?autoplay=true",
)
UUID = "9c9de5e8-0a1e-484a-b099-e80766180a6d"
PEERTUBE = (f"https://tube.example.org/w/{UUID}", None)


@pytest.mark.parametrize(
    ("address", "film"),
    [
        (f"https://www.youtube.com/embed/{ID}?feature=oembed&start=3", YOUTUBE),
        (f"//www.youtube-nocookie.com/embed/{ID}", YOUTUBE),
        (f"http://m.youtube.com/watch?app=m&v={ID}&t=3s", YOUTUBE),
        (f"https://youtu.be/{ID}?si=x", YOUTUBE),
        (f"https://www.youtube.com/shorts/{ID}", YOUTUBE),
        ("https://player.vimeo.com/video/76979871?app_id=122963", VIMEO),
        ("https://vimeo.com/76979871", VIMEO),
        ("https://player.vimeo.com/video/76979871?h=abc123ef&dnt=1", UNLISTED),
        ("https://vimeo.com/76979871/abc123ef", UNLISTED),
        ("https://www.dailymotion.com/embed/video/x8abcde?autoplay=1", DAILYMOTION),
        ("https://geo.dailymotion.com/player/xabcd.html?video=x8abcde", DAILYMOTION),
        ("https://dai.ly/x8abcde", DAILYMOTION),
        ("https://www.arte.tv/embeds/fr/110342-004-A?autoplay=true&mute=0", ARTE),
        ("https://www.arte.tv/fr/videos/110342-004-A/un-film/", ARTE),
        (
            (
                "https://www.arte.tv/player/v5/index.php?json_url=https%3A%2F%2Fapi.arte.tv%2Fapi%2Fplayer%2Fv2"
                "%2Fconfig%2Ffr%2F110342-004-A&lang=fr"
            ),
            ARTE,
        ),
        (f"https://tube.example.org/videos/embed/{UUID}?warningTitle=0", PEERTUBE),
        (f"https://tube.example.org/w/{UUID}", PEERTUBE),
    ],
)
def test_a_film_its_page_and_its_player(address: str, film: tuple[str, str | None]) -> None:
    found = find_film(address)
    assert found is not None
    assert (found.page, found.player) == film
    assert found.player is None or found.player.startswith(tuple(f"{origin}/" for origin in PLAYERS))
    again = find_film(found.page)
    assert again == found


@pytest.mark.parametrize(
    "address",
    [
        "",
        "https://www.youtube.com/embed/videoseries?list=PL1",
        f"https://www.youtube.com/embed/{ID}x",
        f"https://www.youtube.com/embed/{ID[:-1]}",
        f"https://www.youtube.com.evil.example/embed/{ID}",
        f"https://evil.example/www.youtube.com/embed/{ID}",
        f"https://www.youtube.com@evil.example/embed/{ID}",
        f"https://evil.example\\www.youtube.com/embed/{ID}",
        f"javascript://www.youtube.com/embed/{ID}",
        f"data:text/html,https://www.youtube.com/embed/{ID}",
        "https://player.vimeo.com/video/<script>",
        "https://www.arte.tv/fr/",
        f"https://127.0.0.1/videos/embed/{UUID}",
        f"https://tube.example.org:99/videos/embed/{UUID}",
        f"https://a.example@tube.example.org/videos/embed/{UUID}",
    ],
)
def test_nothing_else_is_one(address: str) -> None:
    assert find_film(address) is None


KNOWN = (*YOUTUBE, *UNLISTED, *DAILYMOTION, *ARTE, PEERTUBE[0])


@given(st.text(max_size=30), st.sampled_from(KNOWN), st.text(max_size=30))
def test_what_is_given_holds_nothing_foreign(before: str, address: str, after: str) -> None:
    film = find_film(before + address + after)
    if film is not None:
        assert not set("<>\"' \\@#\n") & set(film.page + (film.player or ""))
        assert film.page.startswith("https://")


def test_absurd_addresses_cost_little() -> None:
    started = process_time()
    for beginning in (
        "https://www.youtube.com/watch?",
        "https://",
        "https://geo.dailymotion.com/player.html?",
    ):
        find_film(beginning + "&v=a" * 100_000)
        find_film(beginning + "a." * 100_000)
    assert process_time() - started < 1
