"""The page of an article becomes the text of the article."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from datetime import timedelta

import hostile
import pytest
from newspage import BEGINNING, PAGE

from aggregator.domain import Fetched, PageText, Validators
from aggregator.errors import MalformedFeed
from aggregator.feeds.documents import DocumentReader
from aggregator.feeds.fulltext import read_text
from aggregator.feeds.sanitizing import clean_html

URL = "https://fanal.example/ville/2026/pont.html"


def read(page: str | bytes, content_type: str = "text/html; charset=utf-8") -> PageText:
    body = page.encode() if isinstance(page, str) else page
    return read_text(body, url=URL, content_type=content_type)


def wrapped(body: bytes) -> bytes:
    return b"<html><head><title>t</title></head><body><article>" + body + b"</article></body></html>"


def test_of_the_page_only_the_article_stays() -> None:
    found = read(PAGE)
    assert (found.url, found.title) == (URL, "Le pont rouvre — Le Fanal")
    assert found.text.startswith("Après onze mois")
    assert BEGINNING in found.text
    assert found.text.rstrip().endswith(("les fêtes.", "les fêtes. Partager"))
    for outside in ("cookies", "Accueil", "Le sport", "phare", "enfin", "droits", "Le pont rouvre"):
        assert outside not in found.text


def test_what_stays_is_clean_and_its_addresses_start_where_the_page_says() -> None:
    found = read(PAGE)
    for foreign in ("script", "onclick", "iframe", "steal", "<h1"):
        assert foreign not in found.html
    assert 'href="https://fanal.example/archives/1931.html"' in found.html
    image = '<img loading="lazy" referrerpolicy="no-referrer" src="https://fanal.example/ville/img/pont.jpg"'
    assert image in found.html
    assert "<h2>Un chantier retardé</h2>" in found.html
    assert clean_html(found.html, base_url=None) == found.html


def test_code_lists_and_tables_keep_their_shape() -> None:
    paragraph = "<p>" + "A sentence about bridges and the cables that hold them. " * 5 + "</p>"
    body = f"""{paragraph}<pre><code>open()\nclose()</code></pre><ul><li>one</li><li>two</li></ul>
      <table><tr><th>Month</th></tr><tr><td>March</td></tr></table>{paragraph}"""
    found = read(f"<html><body><article><h1>T</h1>{body}</article></body></html>").html
    found = re.sub(r"\s*\n\s*(?=<)", "", found)
    for piece in ("<pre>open()\nclose()</pre>", "<ul><li>one</li><li>two</li></ul>", "<td>March</td>"):
        assert piece in found


@pytest.mark.parametrize(
    ("page", "content_type"),
    [
        (PAGE.encode("cp1252"), "text/html; charset=windows-1252"),
        (PAGE.replace("<head>", '<head><meta charset="iso-8859-1">').encode("cp1252"), "text/html"),
        (PAGE.encode(), "text/html"),
    ],
)
def test_whatever_it_is_written_in(page: bytes, content_type: str) -> None:
    assert "corrosion dans les ancrages, en mars, a obligé" in read(page, content_type).text


@pytest.mark.parametrize("page", ["", "<html></html>", "no page at all", "<p>", "\0", "<!--" * 50])
def test_a_page_without_an_article_gives_no_error(page: str) -> None:
    assert len(read(page).text) < 50


@pytest.mark.parametrize(
    "name", ["nul", "comments-open", "cdata-open", "utf-32", "external-file", "charset-lies"]
)
def test_pages_that_mean_harm(name: str) -> None:
    for body in (hostile.FEEDS[name](), wrapped(hostile.FEEDS[name]())):
        found = read(body)
        assert clean_html(found.html, base_url=None) == found.html
        assert "root:" not in found.text


@pytest.mark.slow
@pytest.mark.parametrize("name", hostile.FEEDS)
def test_no_page_takes_longer_than_its_child_lives(name: str) -> None:
    async def run(reader: DocumentReader) -> None:
        for body in (hostile.FEEDS[name](), wrapped(hostile.FEEDS[name]())):
            with suppress(MalformedFeed):  # it was stopped
                found = await reader.read_text(fetched(body))
                assert clean_html(found.html, base_url=None) == found.html

    with DocumentReader(workers=1, timeout=timedelta(seconds=3)) as reader:
        asyncio.run(run(reader))


def fetched(body: bytes) -> Fetched:
    return Fetched(
        url=URL, body=body, body_hash="", content_type="text/html", validators=Validators(), max_age=None
    )
