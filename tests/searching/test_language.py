"""What a person types, read as a query."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.searching.language import (
    MAX_CHARACTERS,
    MAX_TERMS,
    PROBLEMS,
    Query,
    Term,
    merge,
    parse_query,
    write_query,
)

PIECES = (
    *("élections", "-", '"', "a b", "feed:", "flux:Le", "is:unread", "est:favori", "title:", "x*", "l'eau"),
    *("from:2026-02-30", "to:2025", "period:7d", "period:0", "auteur:Ann", "category:a/b"),
    *(":", "(", "NEAR", "OR", "\0"),
)
TYPED = st.text(max_size=60) | st.lists(st.sampled_from(PIECES)).map(" ".join)


def word(text: str) -> Term:
    return Term(words=(text,))


@pytest.mark.parametrize(
    ("typed", "wanted", "unwanted"),
    [
        ("Élections FUSION", (word("elections"), word("fusion")), ()),
        ("l’eau d'Évian", (word("eau"), word("evian")), ()),
        ("porte-avions", (Term(words=("porte", "avions"), exact=True),), ()),
        ('"Le Monde" -"à la une" -x', (Term(words=("le", "monde"), exact=True),), (
            Term(words=("a", "la", "une"), exact=True), word("x"))),
        ('"never closed', (Term(words=("never", "closed"), exact=True),), ()),
        ("titre:Élu*", (Term(words=("elu",), beginning=True, field="title"),), ()),
        ("author:Ann", (Term(words=("ann",), field="author"),), ()),
        ("unknown:thing feed: ???", (word("unknown"), word("thing"), word("feed")), ()),
        ("ab*", (word("ab"),), ()),
        ("* ^ ( ) -- _", (), ()),
    ],
)  # fmt: skip
def test_words(typed: str, wanted: tuple[Term, ...], unwanted: tuple[Term, ...]) -> None:
    query = parse_query(typed)
    assert (query.wanted, query.unwanted) == (wanted, unwanted)


def test_filters_in_both_languages() -> None:
    english = 'feed:"Le Monde" category:presse from:2026-02 to:2026-02 period:week is:unread is:starred'
    french = 'flux:"Le Monde" catégorie:presse depuis:2026-02 jusque:2026-02 période:semaine est:non-lus '
    french += "est:favori"
    expected = Query(
        feeds=("Le Monde",),
        categories=("presse",),
        since=date(2026, 2, 1),
        until=date(2026, 2, 28),
        days=7,
        read=False,
        starred=True,
    )
    assert parse_query(english) == parse_query(french) == expected


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("-fusion", "only-unwanted"),
        ("a from:2026-02-30", "bad-date"),
        ("a to:tomorrow", "bad-date"),
        ("a from:0001", "bad-date"),
        ("a period:0", "bad-period"),
        ("a period:99999d", "bad-period"),
        ("a is:blue", "bad-state"),
        ("a from:2026 to:2025", "backwards"),
        ("a -feed:x", "negated"),
        (" ".join("abcdefghijklmnopqrstuvwxyz"), "too-many"),
    ],
)
def test_what_is_wrong_is_told_in_a_sentence(typed: str, code: str) -> None:
    (problem,) = parse_query(typed).problems
    assert problem.code == code
    assert str(problem).endswith(".")
    assert "%" not in PROBLEMS[code].replace("%(subject)s", "")


def test_the_last_days_end_today() -> None:
    assert parse_query("period:day").from_day(date(2026, 11, 24)) == date(2026, 11, 24)
    assert parse_query("period:7d").from_day(date(2026, 11, 24)) == date(2026, 11, 18)


def test_merging_keeps_the_words_and_filters_of_both() -> None:
    both = merge(parse_query("a feed:x is:read"), parse_query("b feed:y is:unread from:2026"))
    assert both == parse_query("a b feed:x feed:y is:unread from:2026")


@given(TYPED)
def test_every_input_is_a_query_within_bounds(typed: str) -> None:
    query = parse_query(typed)
    assert len(query.wanted) + len(query.unwanted) <= MAX_TERMS
    for term in (*query.wanted, *query.unwanted):
        assert term.words
        assert all(part.isalnum() for part in term.words)


@given(TYPED)
def test_a_query_is_written_as_it_could_have_been_typed(typed: str) -> None:
    query = parse_query(typed)
    written = write_query(query)
    if len(written) <= MAX_CHARACTERS:
        again = parse_query(written)
        assert write_query(again) == written
        assert (again.wanted, again.feeds, again.read) == (query.wanted, query.feeds, query.read)
