"""When something goes wrong: a sentence, a way back, never a traceback."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest
from library import follow

if TYPE_CHECKING:
    from pathlib import Path

    from webapp import Site


def test_a_page_that_does_not_exist(site: Site) -> None:
    for language, sentence in (("en", "This page does not exist"), ("fr", "Cette page n’existe pas")):
        answer = site.get("/nope", language)
        assert answer.status_code == 404
        assert sentence in answer.text
        assert 'href="/"' in answer.text


def test_an_address_that_only_receives_forms(site: Site) -> None:
    answer = site.get("/refresh")
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]
    assert "It only receives a form." in answer.text


def spoil(folder: Path) -> None:
    """The library's file as another program would leave it: without a table that pages read."""
    with sqlite3.connect(folder / "library.db") as connection:
        connection.execute("DROP TABLE users")
    connection.close()


def test_a_library_that_cannot_be_read(site: Site, tmp_path: Path) -> None:
    spoil(tmp_path)
    answer = site.get("/")
    assert answer.status_code == 503
    assert "The library cannot be read or written right now." in answer.text
    assert "library.db" not in answer.text
    assert "users" not in answer.text


def test_robots_are_not_welcome(site: Site) -> None:
    assert site.get("/robots.txt").text == "User-agent: *\nDisallow: /\n"


def test_what_nobody_expected_goes_to_the_log(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    @site.app.get("/defect")
    def defect() -> str:
        raise RuntimeError("a secret of the program")

    answer = site.get("/defect", "fr")
    assert answer.status_code == 500
    assert "Quelque chose s’est mal passé" in answer.text
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
    assert "a secret of the program" in caplog.text


@pytest.mark.parametrize(
    ("asked", "spoken"),
    [
        ("fr", "fr"),
        ("fr-CA,fr;q=0.9,en;q=0.5", "fr"),
        ("de,fr;q=0.8", "fr"),
        ("en-GB,fr;q=0.9", "en"),
        ("de", "en"),
        ("", "en"),
        ("*", "en"),
        (";;q=x,\N{SNOWMAN}", "en"),
    ],
)
def test_the_language_is_the_browsers(site: Site, asked: str, spoken: str) -> None:
    follow(site.database, "https://a.example/", "A News")
    answer = site.client.get("/", headers={"Accept-Language": asked.encode().decode("latin-1")})
    assert f'<html lang="{spoken}" ' in answer.text
    assert "Accept-Language" in answer.headers["Vary"]
