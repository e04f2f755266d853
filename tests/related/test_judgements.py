"""How good the links are on a judged set: no silly ones, and few articles left alone that have a neighbour.

`python tests/judgements/measure.py` prints the figures and each false link.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections import Counter
from datetime import timedelta

import pytest
from judgements.measure import (
    CORPUS,
    FOLDER,
    Figures,
    Judgements,
    digest,
    measure,
    parts,
    read,
    read_judgements,
    rows,
)

FALSE_AT_MOST = 0.02
"""Of the links shown, and of the articles that should have none: what was promised."""
RECALL_AT_LEAST = {
    "library": 0.6,
    "small-library": 0.35,
    "one-feed": 0.25,
    "microblogs": 0.0,
    "two-word-titles": 0.0,
}
"""Silence is cheap: without a least recall, showing nothing would pass."""
FLOORS = tomllib.loads((FOLDER / "floors.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def judgements() -> Judgements:
    return read_judgements()


# ── The floors ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("part", RECALL_AT_LEAST)
def test_no_silly_links_and_no_needless_silence(part: str, judgements: Judgements) -> None:
    count = measure(parts()[part], judgements)
    found, floor = count.figures(), Figures(**FLOORS[part])
    silly = [(link.article.id, link.neighbour.id, link.why) for link in count.false]
    assert found.false_links <= floor.false_links, silly
    assert found.false_singles <= floor.false_singles, silly
    assert found.recall >= floor.recall


def test_the_floors_were_set_for_these_texts() -> None:
    assert FLOORS["digest"] == digest(), (
        "The corpus changed: measure again, then set the floors deliberately."
    )


@pytest.mark.parametrize("part", RECALL_AT_LEAST)
def test_no_floor_is_lower_than_what_was_promised(part: str) -> None:
    floor = Figures(**FLOORS[part])
    assert floor.false_links <= FALSE_AT_MOST
    assert floor.false_singles <= FALSE_AT_MOST
    assert floor.recall >= RECALL_AT_LEAST[part]


def test_every_part_has_its_floors() -> None:
    assert set(FLOORS) - {"digest"} == set(parts()) == set(RECALL_AT_LEAST)


# ── The set itself ───────────────────────────────────────────────────────────────────────────────


def test_the_set_is_as_large_and_as_varied_as_promised(judgements: Judgements) -> None:
    articles = read("articles.jsonl")
    languages = Counter(article.language for article in articles)
    stories = Counter(judgements.stories[str(article.id)] for article in articles)
    assert languages["fr"] >= 100
    assert languages["en"] >= 60
    assert len({article.source for article in articles}) >= 8
    assert len(stories) - 1 >= 40
    assert min(stories.values()) >= 2
    assert measure(parts()["library"], judgements).singles >= 40
    dates = [article.published_at for article in articles if article.published_at]
    assert len(dates) == len(articles)
    assert timedelta(days=18) <= max(dates) - min(dates) <= timedelta(days=22)


def test_the_small_sets_are_small_texts() -> None:
    microblogs, titles = read("microblogs.jsonl"), read("two-word-titles.jsonl")
    assert len(microblogs) == 80
    assert {article.language for article in microblogs} == {"fr", "en"}
    assert all(not article.title and len(article.content) <= 140 for article in microblogs)
    assert len(titles) == 40
    assert all(len(article.title.split()) == 2 and len(article.summary) <= 30 for article in titles)


def test_pairs_are_judged_once_and_by_the_rule(judgements: Judgements) -> None:
    listed = rows("judgements.jsonl")
    assert len(judgements.pairs) == len(listed)
    assert {row["verdict"] for row in listed} == {"related", "acceptable", "copy", "unrelated"}
    languages = {str(article.id): article.language for article in read("articles.jsonl")}
    for row in listed:
        one, other = row["a"], row["b"]
        assert one in languages
        assert other in languages
        assert one != other
        story = judgements.stories[one]
        same_story = story is not None and story == judgements.stories[other]
        assert same_story == (row["verdict"] == "copy"), row
        assert row["verdict"] != "related" or languages[one] == languages[other], row


@pytest.mark.parametrize("name", CORPUS)
def test_texts_are_well_set(name: str) -> None:
    text = (FOLDER / name).read_text(encoding="utf-8")
    assert text == unicodedata.normalize("NFC", text)
    assert "\\u" not in text
    assert "'" not in text
    for row in rows(name):
        if row.get("language") == "fr":
            told = f"{row['title']} {row['summary']} {row['content']}"
            assert not re.search(r"[^\s\u00a0][;!?»]|« | [:;!?»]", told), told
