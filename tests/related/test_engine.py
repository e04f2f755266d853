"""The whole way of an article to its pairs, and what a cache or the database gives back of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest
from judgements.measure import read

from aggregator.domain import Article
from aggregator.policies import RelatedPolicy
from aggregator.related.cache import load_engine, save_engine
from aggregator.related.engine import Arrived, Engine
from aggregator.related.explaining import shared_terms
from aggregator.related.weighting import decode

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from aggregator.related.shelf import Shelf

POLICY = RelatedPolicy(min_confidence=0.05, min_cosine_young=0)
NOW = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.fixture(scope="module")
def articles() -> tuple[Article, ...]:
    return tuple(sorted(read("articles.jsonl"), key=lambda article: article.published_at or NOW))


def arrive(engine: Engine, articles: Sequence[Article], start: int = 0) -> list[Arrived]:
    return [engine.arrive(n, n, article) for n, article in enumerate(articles, start)]


def stored(arrived: Sequence[Arrived]) -> list[object]:
    return [(one.pairs, one.analysis.codes.tolist(), one.analysis.neighbours.tolist()) for one in arrived]


def again(engine: Engine, articles: Sequence[Article], arrived: Sequence[Arrived]) -> None:
    """Let the engine have what another one found."""
    for number, (article, one) in enumerate(zip(articles, arrived, strict=True)):
        engine.restore(number, number, article, one.analysis)
        pairs = [pair for pair in one.pairs if not pair.same_text]
        engine.restore_links([(number, pair.id, pair.rank, pair.confidence) for pair in pairs])


def test_the_same_arrivals_give_the_same_pairs(articles: tuple[Article, ...]) -> None:
    assert stored(arrive(Engine(POLICY), articles)) == stored(arrive(Engine(POLICY), articles))


def test_a_restart_from_the_cache_changes_nothing(articles: tuple[Article, ...], tmp_path: Path) -> None:
    whole = arrive(Engine(POLICY), articles)
    first = Engine(POLICY)
    arrive(first, articles[:60])
    save_engine(first, tmp_path, "g")
    second = load_engine(tmp_path, POLICY, "g")
    assert second is not None
    assert len(second) == 60
    assert stored(arrive(second, articles[60:], 60)) == stored(whole[60:])


def test_what_the_database_keeps_is_enough(articles: tuple[Article, ...]) -> None:
    whole = arrive(Engine(POLICY), articles)
    second = Engine(POLICY)
    again(second, articles[:60], whole[:60])
    rest = arrive(second, articles[60:], 60)
    for one, other in zip(rest, whole[60:], strict=True):
        assert [pair.id for pair in one.pairs] == [pair.id for pair in other.pairs]
        assert [pair.score for pair in one.pairs] == pytest.approx(
            [pair.score for pair in other.pairs], abs=1e-3
        )


def test_a_cache_of_another_library_or_torn_is_none(articles: tuple[Article, ...], tmp_path: Path) -> None:
    engine = Engine(POLICY)
    arrive(engine, articles[:20])
    save_engine(engine, tmp_path, "g")
    assert load_engine(tmp_path, POLICY, "another") is None
    assert load_engine(tmp_path / "missing", POLICY, "g") is None
    torn = next(tmp_path.glob("fr-*.arrays"))
    torn.write_bytes(torn.read_bytes()[:-100])
    assert load_engine(tmp_path, POLICY, "g") is None


def test_what_is_removed_is_linked_to_no_more(articles: tuple[Article, ...]) -> None:
    engine = Engine(POLICY)
    arrived = arrive(engine, articles)
    last, pair = next((n, one.pairs[0]) for n, one in reversed(list(enumerate(arrived))) if one.pairs)
    engine.remove([pair.id])
    assert len(engine) == len(articles) - 1
    again_ = engine.arrive(len(articles), len(articles), articles[last])
    assert pair.id not in [other.id for other in again_.pairs]


def test_across_languages_only_rare_names_link_and_after_all_others(articles: tuple[Article, ...]) -> None:
    languages = [article.language for article in articles]
    arrived = arrive(Engine(POLICY), articles)
    foreign = 0
    for number, one in enumerate(arrived):
        abroad = [languages[pair.id] != languages[number] for pair in one.pairs]
        assert abroad == sorted(abroad)
        for pair in one.pairs[len(abroad) - sum(abroad) :]:
            assert all(word[0].isupper() for word in pair.why)
            assert 2 <= len(pair.why) <= 5
            assert min(other.rank for other in one.pairs) >= -101
        foreign += sum(abroad)
    assert foreign >= 2


def test_the_words_of_a_reason_carry_their_part_of_the_cosine(articles: tuple[Article, ...]) -> None:
    engine = Engine(POLICY)
    arrived = arrive(engine, articles)
    checked = 0
    for number, one in enumerate(arrived):
        shelf = engine.shelves[one.analysis.language]
        row = int(np.flatnonzero(shelf.facts.rows["id"] == number)[0])
        for pair in one.pairs:
            if not (shelf.facts.rows["id"] == pair.id).any():
                continue  # in another language
            other = int(np.flatnonzero(shelf.facts.rows["id"] == pair.id)[0])
            found = shared_terms(shelf.index, row, other)
            whole, carrying = cosine(shelf, row, other), found.terms[:5].tolist()
            assert found.parts.sum() == pytest.approx(whole, abs=1e-5)
            assert (np.diff(found.parts) <= 0).all()
            without = cosine(shelf, row, other, leave_out=carrying)
            assert without <= whole - found.parts[:5].sum() + 1e-6
            assert len(pair.why) == min(5, len(found.terms))
            checked += 1
    assert checked > 50


def cosine(shelf: Shelf, row: int, other: int, leave_out: Sequence[int] = ()) -> float:
    """By hand, from the weights of both; terms may be left out of both texts."""
    vectors = []
    for each in (row, other):
        terms, codes = shelf.index.vector(each)
        weights = decode(codes).astype(float) * shelf.index.idf(terms)
        unit = weights / np.linalg.norm(weights)
        vectors.append(dict(zip(terms.tolist(), unit.tolist(), strict=True)))
    one, two = vectors
    return sum(weight * two.get(term, 0) for term, weight in one.items() if term not in leave_out)


def test_a_text_told_twice_is_a_copy_and_takes_no_link(articles: tuple[Article, ...]) -> None:
    twice = replace(articles[10], source="/another", url="https://another.example/x")
    engine = Engine(POLICY)
    arrive(engine, articles)
    copies = [pair.id for pair in engine.arrive(999, 999, twice).pairs if pair.same_text]
    assert copies == [10]


def test_an_article_without_words_is_linked_to_nothing() -> None:
    engine = Engine(POLICY)
    empty = Article(id=1, title="", summary="", content="", language="fr", published_at=None, source="a")
    assert arrive(engine, [empty, replace(empty, published_at=NOW - timedelta(days=1))])[1].pairs == ()
