"""What a filter meets: words, phrases, scopes."""

from __future__ import annotations

import pytest

from aggregator.domain import Filter, FilterAction, SavedFilter
from aggregator.filtering import Candidate, Verdict, decide, is_empty, meets

ENTRY = Candidate(
    feed_id=7,
    category=("Presse", "Sport"),
    title="Élections : la Coupe du monde reportée",
    text="Le comité l’a dit hier.",
    author="Zoé Duval",
)


@pytest.mark.parametrize(
    ("rule", "met"),
    [
        (Filter(title="elections"), True),
        (Filter(title="ELECTIONS"), True),
        (Filter(title="election"), False),  # whole words
        (Filter(title="coupe du monde"), True),
        (Filter(title="coupe monde"), False),
        (Filter(title="comité"), False),
        (Filter(text="comite"), True),
        (Filter(text="coupe"), True),
        (Filter(title="coupe, tennis"), False),
        (Filter(title="coupe, tennis", match_all=False), True),
        (Filter(title="tennis", author="duval", match_all=False), True),
        (Filter(title="tennis", author="duval"), False),
        (Filter(title="., (.*)", feed_id=7), True),  # no words, no patterns: only the scope
        (Filter(title=".*"), True),
        (Filter(title="coupe", feed_id=8), False),
        (Filter(title="coupe", feed_id=7), True),
        (Filter(category=("Presse",)), True),
        (Filter(category=("Presse", "Sport")), True),
        (Filter(category=("Sport",)), False),
        (Filter(category=("Presse", "Sport", "Foot")), False),
    ],
)
def test_meeting(rule: Filter, met: bool) -> None:
    assert meets(rule, ENTRY) is met


def test_a_filter_that_says_nothing_is_empty() -> None:
    assert is_empty(Filter(title=" , .*"))
    assert not is_empty(Filter(category=("Presse",)))
    assert not is_empty(Filter(author="x"))


def saved(number: int, action: FilterAction, title: str = "coupe") -> SavedFilter:
    return SavedFilter(id=number, rule=Filter(title=title, action=action))


def test_deciding() -> None:
    assert decide([], ENTRY) == Verdict()
    assert decide([saved(1, "hide", "tennis"), saved(2, "hide"), saved(3, "hide")], ENTRY).hidden_by == 2
    assert decide([saved(1, "read"), saved(2, "star")], ENTRY) == Verdict(read=True, starred=True)


def test_what_gets_a_star_is_not_hidden() -> None:
    assert decide([saved(1, "hide"), saved(2, "star")], ENTRY) == Verdict(starred=True)
