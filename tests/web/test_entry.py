"""The page of an entry: its facts, its statuses, and "Lire aussi"."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from library import an_entry, analysed, follow, link, owner, publish

from aggregator.storage import subscriptions

if TYPE_CHECKING:
    from webapp import Site


@pytest.fixture
def feed(site: Site) -> int:
    return follow(site.database, "https://journal.example/feed", "Le Journal", language="fr")


def lire_aussi(page: str) -> str:
    section = re.search(r'<section id="lire-aussi".*?</section>', page, re.DOTALL)
    assert section is not None
    return section[0]


def test_all_that_is_known_of_an_entry(site: Site, feed: int) -> None:
    entry = an_entry(
        "Le titre",
        html="<p>Un <em>mot</em>.</p>",
        text="mot " * 700,
        author="Ada L.",
        url="https://journal.example/1",
        days=40,
    )
    (number,) = publish(site.database, feed, entry)
    page = site.get(f"/entries/{number}", "fr").text
    assert '<h1 lang="fr">Le titre</h1>' in page
    assert f'<a href="/feeds/{feed}">Le Journal</a>' in page
    assert "Ada L." in page
    assert ">15 oct.</time>" in page
    assert "3\N{NO-BREAK SPACE}min de lecture" in page
    assert '<div class="text" lang="fr"><p>Un <em>mot</em>.</p></div>' in page
    assert 'href="https://journal.example/1" rel="noopener noreferrer"' in page


def test_an_entry_without_text_says_so(site: Site, feed: int) -> None:
    (number,) = publish(site.database, feed, an_entry("Title", html=""))
    page = site.get(f"/entries/{number}").text
    assert "The feed gives only the title of this article." in page
    assert "Original</a>" not in page


@pytest.mark.parametrize("number", ["1", "2147483647", "2147483648", "9" * 40])
def test_an_unknown_entry_is_not_found(site: Site, number: str) -> None:
    answer = site.get(f"/entries/{number}")
    assert answer.status_code == 404
    assert "Back to your articles" in answer.text


def test_an_entry_of_a_feed_that_is_not_followed_is_not_found(site: Site, feed: int) -> None:
    (number,) = publish(site.database, feed, an_entry("Secret"))
    reader = owner(site.database)
    with site.database.write() as connection:
        subscriptions.unsubscribe(connection, reader, feed)
    answer = site.get(f"/entries/{number}", "fr")
    assert answer.status_code == 404
    assert "Secret" not in answer.text
    assert "Peut-être ne le suivez-vous plus." in answer.text
    for action, fields in (("read", {"read": "1"}), ("star", {"starred": "1"})):
        assert site.post(f"/entries/{number}/{action}", **fields).status_code == 404


def test_a_starred_entry_stays_when_its_feed_is_removed(site: Site, feed: int) -> None:
    (number,) = publish(site.database, feed, an_entry("Kept"))
    site.post(f"/entries/{number}/star", starred="1")
    site.post(f"/feeds/{feed}/remove")
    assert f'href="/entries/{number}?in=starred">Kept</a>' in site.get("/?view=starred").text
    page = site.get(f"/entries/{number}").text
    assert "The text of Kept." in page
    assert f'href="/feeds/{feed}"' not in page
    answer = site.post(f"/entries/{number}/star", starred="0")
    assert (answer.status_code, answer.location) == (303, "/?view=starred")
    assert site.get(f"/entries/{number}").status_code == 404


# ── statuses ─────────────────────────────────────────────────────────────────────────────────────


def test_looking_at_an_entry_writes_nothing(site: Site, feed: int) -> None:
    (number,) = publish(site.database, feed, an_entry("One"))
    site.get(f"/entries/{number}")
    assert "Mark as read<" in site.get(f"/entries/{number}").text


def test_read_and_unread_again(site: Site, feed: int) -> None:
    (number,) = publish(site.database, feed, an_entry("One"))
    answer = site.post(f"/entries/{number}/read", read="1")
    assert (answer.status_code, answer.location) == (303, f"/entries/{number}")
    assert "Mark as unread<" in site.get(answer.location).text
    answer = site.post(f"/entries/{number}/read", read="0")
    page = site.get(answer.location).text
    assert "Mark as read<" in page
    # The script would mark it read again at once.
    assert "article.js" not in page
    assert "article.js" in site.get(f"/entries/{number}").text


def test_star_and_unstar(site: Site, feed: int) -> None:
    (number,) = publish(site.database, feed, an_entry("One"))
    answer = site.post(f"/entries/{number}/star", starred="1")
    assert (answer.status_code, answer.location) == (303, f"/entries/{number}")
    assert 'aria-pressed="true"' in site.get(f"/entries/{number}").text
    site.post(f"/entries/{number}/star", starred="0")
    assert 'aria-pressed="false"' in site.get(f"/entries/{number}").text


def test_never_goes_to_an_address_that_the_form_names(site: Site, feed: int) -> None:
    (number,) = publish(site.database, feed, an_entry("One"))
    for name in ("then", "next", "keep"):
        for evil in ("//evil.example", "https://evil.example/", "/\\evil.example"):
            answer = site.post(f"/entries/{number}/star", **{"starred": "1", name: evil})
            assert answer.location == f"/entries/{number}"


@pytest.mark.parametrize("value", [None, "", "2", "true", "on"])
def test_a_status_is_one_or_zero(site: Site, feed: int, value: str | None) -> None:
    (number,) = publish(site.database, feed, an_entry("One"))
    for action, name in (("read", "read"), ("star", "starred")):
        fields = {} if value is None else {name: value}
        assert site.post(f"/entries/{number}/{action}", **fields).status_code == 400


# ── lire aussi ───────────────────────────────────────────────────────────────────────────────────


def test_related_entries_with_source_age_and_why(site: Site, feed: int) -> None:
    other = follow(site.database, "https://other.example/feed", "The Other")
    (old,) = publish(site.database, other, an_entry("The first report", days=3))
    (new,) = publish(site.database, feed, an_entry("La suite"))
    link(site.database, new, old, why=("Orlov", "Pyongyang", "Kim"))
    there = lire_aussi(site.get(f"/entries/{new}", "fr").text)
    assert ">Lire aussi</h2>" in there
    assert f'<a href="/entries/{old}?via={new}" data-link="1">The first report</a>' in there
    assert "The Other" in there
    assert "il y a 3\N{NO-BREAK SPACE}j" in there
    words = re.sub(r"<[^>]+>", "", there)
    assert "En commun\N{NO-BREAK SPACE}: Orlov, Pyongyang, Kim\n" in words
    back = lire_aussi(site.get(f"/entries/{old}").text)
    assert ">See also</h2>" in back
    assert f'<a href="/entries/{new}?via={old}" data-link="1">La suite</a>' in back
    assert "In common: Orlov, Pyongyang, Kim\n" in re.sub(r"<[^>]+>", "", back)


def test_at_most_four_and_the_best_first(site: Site, feed: int) -> None:
    titles = ["Alpha", "Beta", "Gamma", "Delta", "Epsilon", "Zeta"]
    others = publish(site.database, feed, *(an_entry(title, days=9) for title in titles))
    (number,) = publish(site.database, feed, an_entry("Now"))
    for place, other in enumerate(others):
        link(site.database, number, other, score=0.3 + place / 10)
    there = lire_aussi(site.get(f"/entries/{number}").text)
    assert re.findall(r">(\w+)</a>", there) == ["Zeta", "Epsilon", "Delta", "Gamma"]


def test_the_same_text_elsewhere_is_one_line(site: Site, feed: int) -> None:
    liberation = follow(site.database, "https://lib.example/feed", "Libération")
    info = follow(site.database, "https://info.example/feed", "France Info")
    (one,) = publish(site.database, liberation, an_entry("Dépêche"))
    (two,) = publish(site.database, info, an_entry("Dépêche AFP"))
    (number,) = publish(site.database, feed, an_entry("La dépêche"))
    link(site.database, number, one, score=0.95, same_text=True)
    link(site.database, number, two, score=0.9, same_text=True)
    there = lire_aussi(site.get(f"/entries/{number}", "fr").text)
    line = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", there))
    assert "Aussi publié par Libération, France Info" in line
    assert f'href="/entries/{one}?via={number}"' in there
    assert "Rien d’autre" not in there


def test_nothing_related_is_said(site: Site, feed: int) -> None:
    (number,) = publish(site.database, feed, an_entry("Alone"))
    assert "It is being compared" in lire_aussi(site.get(f"/entries/{number}").text)
    analysed(site.database, number, arrival=1)
    assert "Nothing else in your feeds" in lire_aussi(site.get(f"/entries/{number}").text)
    assert "Rien d’autre dans vos flux" in lire_aussi(site.get(f"/entries/{number}", "fr").text)


def test_what_is_not_followed_is_not_shown(site: Site, feed: int) -> None:
    other = follow(site.database, "https://other.example/feed", "The Other")
    (hidden,) = publish(site.database, other, an_entry("Hidden", days=1))
    (number,) = publish(site.database, feed, an_entry("Shown"))
    link(site.database, number, hidden, why=("word",))
    site.post(f"/feeds/{other}/remove")
    assert "Hidden" not in site.get(f"/entries/{number}").text
