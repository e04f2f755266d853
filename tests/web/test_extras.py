"""What stands beside the text of an entry: a picture, a player, files, subjects, comments, the source."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from library import an_entry, follow, publish

from aggregator.domain import Details, Enclosure

if TYPE_CHECKING:
    from webapp import Site

SOUND = Enclosure(
    url="https://cdn.example/e/1.mp3?a=1&b=2", type="audio/mpeg", length_bytes=48_200_000, seconds=3723
)
FILM = Enclosure(url="https://cdn.example/f.mp4", type="video/*")
IMAGE = Enclosure(url="https://cdn.example/i.jpg", type="image/jpeg")
PAPER = Enclosure(url="https://cdn.example/Le%20rapport.pdf", type="application/pdf", length_bytes=900)


@pytest.fixture
def feed(site: Site) -> int:
    return follow(site.database, "https://journal.example/feed", "Le Journal", language="fr")


def shown(site: Site, feed: int, details: Details, *, html: str | None = None, language: str = "en") -> str:
    (number,) = publish(site.database, feed, replace(an_entry("Title", html=html), details=details))
    return site.get(f"/entries/{number}", language).text


def test_a_sound_waits_for_a_click(site: Site, feed: int) -> None:
    page = shown(site, feed, Details(enclosures=(SOUND, FILM, PAPER)))
    assert '<audio controls preload="none" src="https://cdn.example/e/1.mp3?a=1&amp;b=2"' in page
    assert "1:02:03" in page
    assert "48 MB" in page
    assert "<video" not in page  # one player, the rest are links
    assert '<a href="https://cdn.example/f.mp4" rel="noopener noreferrer">f.mp4</a>' in page
    assert ">Le rapport.pdf</a> · 1 kB" in page


def test_sizes_in_french(site: Site, feed: int) -> None:
    assert "48\N{NARROW NO-BREAK SPACE}Mo" in shown(site, feed, Details(enclosures=(SOUND,)), language="fr")


def test_a_film_has_its_picture_as_a_poster(site: Site, feed: int) -> None:
    page = shown(site, feed, Details(enclosures=(FILM,), image_url="https://cdn.example/p.jpg"))
    assert 'poster="https://cdn.example/p.jpg"' in page
    assert "<img" not in page


def test_a_picture_where_the_text_has_none(site: Site, feed: int) -> None:
    details = Details(enclosures=(IMAGE,), image_url=IMAGE.url)
    page = shown(site, feed, details)
    assert '<img src="https://cdn.example/i.jpg" alt="" loading="lazy" referrerpolicy="no-referrer">' in page
    assert page.count("i.jpg") == 1


def test_what_the_text_shows_is_not_shown_again(site: Site, feed: int) -> None:
    details = Details(enclosures=(SOUND, IMAGE), image_url=IMAGE.url)
    html = '<p><img src="https://cdn.example/other.jpg"><audio src="https://cdn.example/e/1.mp3?a=1&amp;b=2">'
    page = shown(site, feed, details, html=html)
    assert page.count("1.mp3") == 1
    assert "i.jpg" not in page


def test_subjects_comments_and_source_are_words(site: Site, feed: int) -> None:
    details = Details(
        categories=("Société", "<b>"),
        comments_url="https://journal.example/1#comments",
        source_title="L’Autre",
        source_url="https://autre.example/",
    )
    page = shown(site, feed, details, language="fr")
    assert "Société · &lt;b&gt;" in page
    assert 'href="https://journal.example/1#comments" rel="noopener noreferrer">Commentaires</a>' in page
    assert 'Via <a href="https://autre.example/" rel="noopener noreferrer">L’Autre</a>' in page


def test_an_entry_of_a_file_alone_is_not_said_to_be_empty(site: Site, feed: int) -> None:
    assert "only the title" not in shown(site, feed, Details(enclosures=(SOUND,)), html="")


def test_nothing_is_added_where_there_is_nothing(site: Site, feed: int) -> None:
    page = shown(site, feed, Details())
    assert 'class="extras"' not in page
    assert 'class="player"' not in page


def test_the_film_of_a_channel_is_a_card_once(site: Site, feed: int) -> None:
    address = "https://www.youtube.com/watch?v=dQw4w9WgXcQ"
    own, told = publish(
        site.database,
        feed,
        an_entry("Own", url=address),
        an_entry("Told", url=address, html=f'<a href="{address}" rel="noopener noreferrer">▶</a>'),
    )
    for number in (own, told):
        page = site.get(f"/entries/{number}").text
        assert page.count('data-player="https://www.youtube-nocookie.com/embed/dQw4w9WgXcQ?autoplay=1"') == 1
        assert "films.js" in page
