"""Searching the library, on SQLite and on PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from library import NOW, an_entry, follow, owner, publish
from sqlalchemy import text

from aggregator.domain import SavedSearch
from aggregator.errors import NotFound
from aggregator.searching.language import parse_query
from aggregator.storage import marking, subscriptions
from aggregator.storage.engine import Database
from aggregator.storage.savedsearches import (
    delete_search,
    get_saved,
    list_saved,
    rename_search,
    save_search,
)
from aggregator.storage.search import MAX_COUNTED, Found, Order, search_entries

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def feed(database: Database) -> int:
    return follow(database, "https://a.example/feed", "Le Journal", category=("Presse", "France"))


def search(
    database: Database, typed: str, *, order: Order = "relevance", limit: int = 30, offset: int = 0
) -> Found:
    with database.read() as connection:
        return search_entries(
            connection,
            owner(database),
            parse_query(typed),
            now=NOW,
            order=order,
            limit=limit,
            offset=offset,
        )


def titles(database: Database, typed: str, order: Order = "relevance") -> list[str]:
    return [hit.headline.title for hit in search(database, typed, order=order).hits]


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("elections", "Élections législatives"),
        ("élection", "Les ELECTIONS de mai"),
        ("ÉLECTIONS", "Une élection"),
        ("city", "Two cities"),
        ("running", "They run"),
        ("journal", "Les journaux du soir"),
        ("arrivée", "Elle arrive"),
        ("oeuvre", "Une oeuvre"),
        ("élection", "L’élection présidentielle"),
        ("l'élection", "Des élections"),
        ("Poutine", "Владимир Poutine"),
        ("йога", "ЙОГА и спорт"),
        ("2026", "Budget 2026"),
        ("covid-19", "Le Covid-19 revient"),
        ("example", "Voir www.example.org/page"),
        ("elec*", "Un électricien"),
        ('"porte avions"', "Le porte-avions"),
        ("the", "The cat"),
        ("avec", "Avec elle"),
    ],
)
def test_forms_and_accents_are_alike(database: Database, feed: int, typed: str, written: str) -> None:
    publish(database, feed, an_entry("Sans rapport", text="rien"), an_entry(written, text="rien"))
    assert titles(database, typed) == [written]


def test_words_phrases_and_what_must_not_occur(database: Database, feed: int) -> None:
    publish(
        database,
        feed,
        an_entry("Nothing", text="a word on orchards"),
        an_entry("Orchards", text="apples"),
        an_entry("By hand", text="none", author="Hélène Cixous"),
    )
    assert titles(database, "orchards") == ["Orchards", "Nothing"]
    assert titles(database, "orchards -apple") == ["Nothing"]
    assert titles(database, 'orchard -"a word"') == ["Orchards"]
    assert titles(database, '"a word') == ["Nothing"]
    assert titles(database, '"word a"') == []
    assert titles(database, "title:orchard") == ["Orchards"]
    assert titles(database, "orchards -title:orchards") == ["Nothing"]
    assert titles(database, "author:helene") == titles(database, "cixous") == ["By hand"]
    assert titles(database, "auteur:orchards") == []
    assert titles(database, "orchards _ __ -_") == ["Orchards", "Nothing"]
    assert titles(database, "' OR 1=1 --") == titles(database, "* ^ NEAR(") == []


def test_edits_and_removals_reach_the_index(database: Database, feed: int) -> None:
    publish(database, feed, an_entry("Piece", text="first apples", author="Ann"))
    publish(database, feed, an_entry("Piece", text="then pears", author="Bea"))
    assert titles(database, "apples") == titles(database, "author:ann") == []
    assert titles(database, "pear") == titles(database, "author:bea") == ["Piece"]
    with database.write() as connection:
        connection.execute(text("DELETE FROM entries"))
    assert titles(database, "pears") == []


def test_filters(database: Database, feed: int) -> None:
    other = follow(database, "https://b.example/feed", "Autre", category=("Science",))
    old, new = publish(database, feed, an_entry("Old fusion", days=40), an_entry("New fusion"))
    publish(database, other, an_entry("Other fusion", days=2))
    with database.write() as connection:
        marking.set_read(connection, owner(database), old, read=True, now=NOW)
        marking.set_starred(connection, owner(database), new, starred=True, now=NOW)
    assert sorted(titles(database, "fusion feed:journal")) == ["New fusion", "Old fusion"]
    assert titles(database, f"fusion feed:{other}") == ["Other fusion"]
    assert titles(database, "fusion category:science") == ["Other fusion"]
    assert sorted(titles(database, "fusion category:Presse")) == ["New fusion", "Old fusion"]
    assert titles(database, "fusion category:presse/france is:unread") == ["New fusion"]
    assert titles(database, "fusion is:read") == ["Old fusion"]
    assert titles(database, "is:starred") == ["New fusion"]
    assert titles(database, "fusion period:7d", "date") == ["New fusion", "Other fusion"]
    assert titles(database, "fusion to:2026-10") == ["Old fusion"]
    assert titles(database, "from:2026-11-22 to:2026-11-22") == ["Other fusion"]
    assert titles(database, "feed:journal -new") == ["Old fusion"]
    assert titles(database, "category:science feed:journal") == []


def test_what_is_starred_is_found_when_its_feed_is_followed_no_more(database: Database, feed: int) -> None:
    (kept, _) = publish(database, feed, an_entry("Kept fusion"), an_entry("Gone fusion"))
    with database.write() as connection:
        marking.set_starred(connection, owner(database), kept, starred=True, now=NOW)
        subscriptions.unsubscribe(connection, owner(database), feed)
    assert titles(database, "fusion") == []
    assert titles(database, "fusion is:starred") == ["Kept fusion"]


def test_a_name_that_means_nothing_is_told(database: Database, feed: int) -> None:
    publish(database, feed, an_entry("Fusion"))
    found = search(database, "fusion feed:nobody category:nowhere")
    assert [problem.code for problem in found.problems] == ["no-feed", "no-category"]
    assert found.hits == ()


def test_the_newer_of_two_alike_comes_first_and_the_better_one_before_both(
    database: Database, feed: int
) -> None:
    far = "Many things. " * 30
    publish(
        database,
        feed,
        an_entry("Some fusion", text=far, days=300),
        an_entry("More fusion", text=far, days=1),
        an_entry("Third", text=f"fusion {far}"),
    )
    assert titles(database, "fusion") == ["More fusion", "Some fusion", "Third"]
    assert titles(database, "fusion", "date") == ["Third", "More fusion", "Some fusion"]


def test_the_count_is_exact_up_to_its_bound(database: Database, feed: int) -> None:
    far = "Many things. " * 5
    publish(database, feed, an_entry("The old fusion", text=far, days=90))
    some = [an_entry(f"Number {n}", text=f"{far} fusion") for n in range(MAX_COUNTED - 1)]
    publish(database, feed, *some)
    found = search(database, "fusion", limit=10, offset=5)
    assert (found.total, found.more, len(found.hits)) == (MAX_COUNTED, False, 10)
    publish(database, feed, *(an_entry(f"Late {n}", text=f"{far} fusion") for n in range(3)))
    found = search(database, "fusion")
    assert (found.total, found.more) == (MAX_COUNTED, True)
    # The word in a title is found among any number of newer texts.
    assert found.hits[0].headline.title == "The old fusion"


def test_words_are_marked_where_they_stand(database: Database, feed: int) -> None:
    far = "Rien de cela. " * 40
    publish(database, feed, an_entry("Les élections", text=f"{far}<b>Élection</b> électrique. {far}"))
    (hit,) = search(database, "elections").hits
    assert [piece.text for piece in hit.title if piece.marked] == ["élections"]
    assert [piece.text for piece in hit.snippet if piece.marked] == ["Élection"]
    assert "électrique" in "".join(piece.text for piece in hit.snippet)


def test_saved_searches_are_kept_by_person_and_name(database: Database) -> None:
    reader = owner(database)
    with database.write() as connection:
        assert save_search(connection, reader, "Énergie", "fusion", now=NOW)
        assert save_search(connection, reader, "Énergie", "fission", now=NOW)
        assert save_search(connection, reader, "climat", "climat is:unread", now=NOW)
        climate, energy = list_saved(connection, reader)
        assert not rename_search(connection, reader, climate.id, "Énergie")
        assert rename_search(connection, reader, climate.id, "Climate")
        assert (climate.name, energy.query) == ("climat", "fission")
        with pytest.raises(NotFound):
            get_saved(connection, reader + 1, energy.id)
        delete_search(connection, reader + 1, energy.id)
        assert get_saved(connection, reader, energy.id) == SavedSearch(
            id=energy.id, name="Énergie", query="fission"
        )
        delete_search(connection, reader, energy.id)
        assert [saved.name for saved in list_saved(connection, reader)] == ["Climate"]


def test_a_restored_dump_fills_the_index(server: str, tmp_path: Path) -> None:
    """`pg_dump` writes under an empty search path."""
    with Database(server) as database, database.write() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    with Database.open(server) as database, database.write() as connection:
        connection.execute(text("SET LOCAL search_path = ''"))
        made = connection.scalar(text("SELECT public.search_words('Élections', 'A')::text"))
    assert made == "'elect':2A,3A 'elections':1A"
