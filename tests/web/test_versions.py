"""An edited article says so, and shows what it said before."""

from __future__ import annotations

import dataclasses
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from library import NOW, an_entry, follow, owner, publish

from aggregator.storage import subscriptions
from web.differences import compare

if TYPE_CHECKING:
    from webapp import Site

    from aggregator.domain import CleanEntry


@pytest.fixture
def feed(site: Site) -> int:
    return follow(site.database, "https://journal.example/feed", "Le Journal", language="fr")


def edited(entry: CleanEntry, title: str, text: str) -> CleanEntry:
    return dataclasses.replace(an_entry(title, text=text), guid=entry.guid)


def test_an_edited_article_says_so_and_shows_what_changed(site: Site, feed: int) -> None:
    first = an_entry("Le titre", text="Le ministre part lundi.")
    (number,) = publish(site.database, feed, first, now=NOW - timedelta(days=2))
    plain = an_entry("Jamais modifié")
    publish(site.database, feed, plain)
    publish(site.database, feed, edited(first, "Le titre", "Le ministre part mardi."), now=NOW)
    for path in ("/", f"/feeds/{feed}"):
        assert site.get(path, "fr").text.count(">modifié<") == 1
    page = site.get(f"/entries/{number}", "fr").text
    assert f'<a class="edited" href="/entries/{number}/versions">modifié <time' in page
    versions = site.get(f"/entries/{number}/versions", "fr").text
    assert "Le ministre part <del>lundi.</del> <ins>mardi.</ins>" in versions
    assert "<p>Le ministre part lundi.</p>" in versions
    assert "24 novembre 2026" in versions


def test_an_article_that_was_not_edited_says_nothing(site: Site, feed: int) -> None:
    (number,) = publish(site.database, feed, an_entry("One"))
    assert "edited" not in site.get(f"/entries/{number}").text
    page = site.get(f"/entries/{number}/versions")
    assert page.status_code == 200
    assert "was not edited" in page.text


def test_earlier_texts_are_only_for_those_who_may_see_the_article(site: Site, feed: int) -> None:
    (number,) = publish(site.database, feed, an_entry("One"))
    with site.database.write() as connection:
        subscriptions.unsubscribe(connection, owner(site.database), feed)
    assert site.get(f"/entries/{number}/versions").status_code == 404
    assert site.get("/entries/999999/versions").status_code == 404


def test_what_a_text_says_is_escaped(site: Site, feed: int) -> None:
    first = an_entry("One", html="<p>&lt;script&gt;one&lt;/script&gt;</p>", text="<script>one</script>")
    (number,) = publish(site.database, feed, first)
    publish(site.database, feed, edited(first, "<b>Two</b>", "Other words"))
    assert "<script>one" not in site.get(f"/entries/{number}/versions").text
    assert "<b>Two" not in site.get(f"/entries/{number}/versions").text


WORDS = st.lists(st.sampled_from(["one", "two", "three", "four", "\n"]), max_size=30).map(" ".join)


@settings(max_examples=200, deadline=None)
@given(WORDS, WORDS)
def test_the_pieces_make_both_texts(before: str, after: str) -> None:
    paragraphs = compare(before, after)
    for text, other in ((before, "added"), (after, "removed")):
        said = " ".join(piece.text for some in paragraphs for piece in some if piece.kind != other)
        assert said.split() == text.split()


@pytest.mark.parametrize("text", ["a b " * 20_000, "a\nb\n" * 20_000, "a b\n" * 400])
def test_comparing_is_bounded_in_time(text: str) -> None:
    started = time.process_time()
    compare(text, text.replace("b", "c"))
    assert time.process_time() - started < 2
