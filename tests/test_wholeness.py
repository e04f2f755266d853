"""Whether a feed gives an article whole, and whether its page holds more."""

from __future__ import annotations

import pytest
from newspage import TEASER, TITLE

from aggregator.wholeness import find_fault, own_summary, seems_cut_short

LONG = "word " * 150
MORE = "The engineers of the town replaced forty-two cables of the bridge in the harbour. " * 5


@pytest.mark.parametrize(
    "end",
    ["…", "[...]", "[…]", "Read more »", "Lire la suite", "Continue reading →", "Lire l’article"],
)
def test_what_says_that_it_goes_on_is_cut_short(end: str) -> None:
    assert seems_cut_short("A title", LONG + end)


@pytest.mark.parametrize("text", ["", "Ten words are not an article."])
def test_what_is_little_seems_to_be_cut_short(text: str) -> None:
    assert seems_cut_short("A title", text)


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("A title", LONG),
        ("Just a note to…", "Just a note to all of you."),
    ],
)
def test_what_seems_whole(title: str, text: str) -> None:
    assert not seems_cut_short(title, text)


@pytest.mark.parametrize(
    ("feed_text", "page_title", "page_text", "fault"),
    [
        ("The bridge is open.", "Bridge", "", "page-empty"),
        (MORE, "Bridge", MORE, "page-no-more"),
        (MORE, "Bridge", MORE + "Subscribe now to read on.", "page-no-more"),
        (
            MORE * 10,
            "Bridge",
            MORE * 10 + "Some words more that are less than a tenth of it. " * 2,
            "page-no-more",
        ),
        (
            "The engineers replaced cables.",
            "Before you go on",
            "We value privacy and cookies. " * 20,
            "page-other",
        ),
        ("The engineers replaced cables.", "Bridge", MORE, None),
        ("Comments URL: https://forum.example Points: 12", "The harbour bridge reopens", MORE, None),
        ("", "Elsewhere", "Quite another text it is, as it seems. " * 10, "page-other"),
    ],
)
def test_faults_of_a_page(feed_text: str, page_title: str, page_text: str, fault: str | None) -> None:
    found = find_fault(
        title="Harbour bridge reopens", feed_text=feed_text, page_title=page_title, page_text=page_text
    )
    assert found == fault


def test_of_few_words_nothing_can_be_told() -> None:
    assert find_fault(title="Oh!", feed_text="", page_title="", page_text=MORE) is None


def test_a_teaser_that_begins_the_text_is_no_summary() -> None:
    assert own_summary(TEASER, f"{TEASER.removesuffix(' […]')} ingénieurs de la ville") == ""
    assert own_summary(TITLE, TEASER) == TITLE
