"""Copies take one row, and no entry is lost by it."""

from __future__ import annotations

from datetime import timedelta
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st
from library import NOW

from aggregator.domain import Copy, Headline
from aggregator.related.folding import fold


def headline(number: int) -> Headline:
    """A larger number is newer."""
    return Headline(
        id=number,
        feed_id=number,
        feed_title=f"Feed {number}",
        guid=str(number),
        url=None,
        title=f"Title {number}",
        author=None,
        published_at=NOW + timedelta(minutes=number),
        excerpt="",
        changed_at=None,
        language=None,
        read=False,
        starred=False,
    )


def copy(number: int, *, listed: bool = True) -> Copy:
    like = headline(number)
    return Copy(
        id=number,
        title=like.title,
        feed_id=number,
        feed_title=like.feed_title,
        published_at=like.published_at,
        read=not listed,
        listed=listed,
    )


def rows(page: list[int], copies: dict[int, tuple[Copy, ...]]) -> dict[int, list[int]]:
    folded = fold([headline(number) for number in page], copies)
    return {h.id: [c.id for c in folded.copies.get(h.id, ())] for h in folded.headlines}


def test_the_newest_stands_for_its_copies() -> None:
    copies = {3: (copy(2), copy(1)), 2: (copy(3), copy(1)), 1: (copy(3), copy(2))}
    assert rows([4, 3, 2, 1], copies) == {4: [], 3: [2, 1]}


def test_what_stands_on_an_earlier_page_is_not_told_again() -> None:
    copies = {1: (copy(9),), 9: (copy(1),)}
    assert rows([2, 1], copies) == {2: []}


def test_a_copy_that_the_list_does_not_show_takes_no_row_away() -> None:
    copies = {1: (copy(9, listed=False),), 9: (copy(1),)}
    assert rows([2, 1], copies) == {2: [], 1: [9]}


def test_the_end_of_a_chain_is_kept_where_no_row_names_it() -> None:
    copies = {3: (copy(2),), 2: (copy(3), copy(1)), 1: (copy(2),)}
    assert rows([3, 2, 1], copies) == {3: [2], 1: [2]}


def test_a_row_that_the_other_does_not_name_is_kept() -> None:
    assert rows([2, 1], {1: (copy(2),)}) == {2: [], 1: [2]}


def test_a_page_of_nothing_but_copies_is_shown_as_it_is() -> None:
    assert rows([1], {1: (copy(9),), 9: (copy(1),)}) == {1: [9]}


PAIRS = list(combinations(range(8), 2))


@given(st.sets(st.sampled_from(PAIRS)), st.sets(st.integers(0, 7)))
def test_every_entry_of_a_list_is_a_row_or_beside_one(
    pairs: set[tuple[int, int]], unlisted: set[int]
) -> None:
    copies = {
        number: tuple(
            copy(other, listed=other not in unlisted)
            for other in range(7, -1, -1)
            if (min(number, other), max(number, other)) in pairs
        )
        for number in range(8)
    }
    listed = [number for number in range(7, -1, -1) if number not in unlisted]
    shown = rows(listed, copies)
    assert set(listed) <= set(shown) | {other for those in shown.values() for other in those}
