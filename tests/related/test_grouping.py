"""The two groups of what is shown under an article."""

from __future__ import annotations

from datetime import timedelta

import pytest
from library import NOW

from aggregator.domain import RelatedEntry
from aggregator.related.showing import group_links


def other(
    number: int, *, feed: int = 2, days: float = 0.5, confidence: float = 0.8, same_text: bool = False
) -> RelatedEntry:
    return RelatedEntry(
        id=number,
        title="",
        url=None,
        feed_id=feed,
        feed_title="",
        published_at=NOW - timedelta(days=days),
        score=0.4,
        rank=0.4,
        nearness=0,
        confidence=confidence,
        why=(),
        same_text=same_text,
        foreign_language=None,
        arrived_at=NOW,
        read_at=None,
    )


@pytest.mark.parametrize(
    ("link", "elsewhere"),
    [
        (other(9), True),
        (other(9, days=-1), True),
        (other(9, feed=1), False),
        (other(9, days=5), False),
        (other(9, days=-5), False),
        (other(9, confidence=0.5), False),
        (other(9, confidence=0.5, same_text=True), True),
    ],
)
def test_the_same_subject_is_another_feeds_surely_and_of_the_same_days(
    link: RelatedEntry, elsewhere: bool
) -> None:
    groups = group_links([link], feed_id=1, published_at=NOW)
    assert groups.elsewhere == ((link,) if elsewhere else ())
    assert groups.further == (() if elsewhere else (link,))


def test_each_group_keeps_the_order() -> None:
    links = [other(4), other(3, feed=1), other(2), other(1, feed=1)]
    groups = group_links(links, feed_id=1, published_at=NOW)
    assert [link.id for link in groups.elsewhere] == [4, 2]
    assert [link.id for link in groups.further] == [3, 1]
