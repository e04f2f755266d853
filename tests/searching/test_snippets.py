"""Where words are marked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.searching.language import parse_query
from aggregator.searching.ranking import weight
from aggregator.searching.snippets import LENGTH, Marker, Piece


def shown(pieces: tuple[Piece, ...]) -> str:
    return "".join(f"[{piece.text}]" if piece.marked else piece.text for piece in pieces)


@pytest.mark.parametrize(
    ("typed", "text", "marked"),
    [
        ("elections", "Les Élections, une élection électrique", "Les [Élections], une [élection] électrique"),
        ('"le monde"', "Le Monde, le mondes", "[Le Monde], le mondes"),
        ("elec* city", "ÉLECTRICITÉ in cities", "[ÉLECTRICITÉ] in [cities]"),
        ("-no yes author:ann", "ann: no, yes", "ann: no, [yes]"),
        ("a aa", "a aa b", "[a] [aa] b"),
        ("йога", "Йога!", "[Йога]!"),
    ],
)
def test_marks(typed: str, text: str, marked: str) -> None:
    assert shown(Marker(parse_query(typed)).title(text)) == marked


def test_a_snippet_stands_around_the_first_place() -> None:
    far = "autre chose encore " * 60
    snippet = Marker(parse_query("fusion")).snippet(f"{far} la\n\nfusion arrive {far}")
    assert "la [fusion] arrive" in shown(snippet)
    assert shown(snippet).startswith("…")
    assert len(shown(snippet)) < LENGTH + 10
    assert Marker(parse_query("zebra")).snippet(far) == ()
    assert Marker(parse_query("title:fusion")).snippet("fusion") == ()


@given(st.text(max_size=80), st.text(alphabet='aàé<b>& *"-', max_size=20))
def test_pieces_are_the_text(text: str, typed: str) -> None:
    assert "".join(piece.text for piece in Marker(parse_query(typed)).title(text)) == text


def test_recency_weighs_at_most_twofold() -> None:
    assert weight(1, 0) == 2
    assert weight(1, 30) == 1.5
    assert weight(1, 36_500) == pytest.approx(1, abs=0.01)
    assert weight(1, 1) > weight(1, 2)
    assert weight(1, -5) == 2
