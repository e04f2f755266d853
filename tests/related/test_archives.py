"""What is linked, what is not, and why."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta

import pytest

from aggregator.archives import link_articles, read_articles, write_links
from aggregator.demo import sample_feeds
from aggregator.domain import Article
from aggregator.errors import ArticlesError
from aggregator.feeds.parsing import parse_feed
from aggregator.feeds.plaintext import to_text
from aggregator.policies import RelatedPolicy

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
POLICY = RelatedPolicy()


@pytest.fixture(scope="module")
def samples() -> tuple[Article, ...]:
    """The articles of the demonstration, read from the documents that it serves."""
    found = []
    for feed in sample_feeds(NOW):
        url = f"https://samples.example{feed.path}"
        parsed = parse_feed(feed.body, url=url, content_type=feed.content_type, now=NOW)
        found += [
            Article(
                id=entry.guid,
                title=entry.title,
                summary=to_text(entry.summary),
                content=to_text(entry.content),
                language=parsed.language,
                published_at=entry.published_at,
                source=feed.path,
            )
            for entry in parsed.entries
        ]
    return tuple(found)


@pytest.fixture(scope="module")
def stories() -> dict[str, str | None]:
    """guid → story, as the authors of the samples wrote it."""
    import json
    from importlib.resources import files

    told = {}
    for source in (files("config") / "samples").iterdir():
        if source.name.endswith(".json"):
            feed = json.loads(source.read_text(encoding="utf-8"))
            for article in feed["articles"]:
                told[f"https://{feed['slug']}.example/{article['slug']}"] = article["story"]
    return told


def test_the_samples_are_what_the_readme_promises(samples: tuple[Article, ...]) -> None:
    by_language: dict[str | None, int] = defaultdict(int)
    for article in samples:
        by_language[article.language] += 1
    assert by_language["fr"] >= 60
    assert by_language["en"] >= 30
    assert len({article.source for article in samples}) >= 8
    dates = [article.published_at for article in samples if article.published_at]
    assert max(dates) - min(dates) >= timedelta(days=12)


def test_links_stay_within_their_story(samples: tuple[Article, ...], stories: dict[str, str | None]) -> None:
    shown = link_articles(samples, POLICY, limit=4)
    pairs = [
        (str(a.id), str(samples[link.id].id))
        for a, links in zip(samples, shown, strict=True)
        for link in links
    ]
    wrong = [(a, b) for a, b in pairs if stories[a] is None or stories[a] != stories[b]]
    told = [str(a.id) for a in samples if stories[str(a.id)]]
    linked = {a for a, _ in pairs}
    assert wrong == []
    assert sum(name in linked for name in told) >= 0.8 * len(told)


def test_the_words_of_a_reason_are_spelt_as_in_one_of_the_two_texts(samples: tuple[Article, ...]) -> None:
    texts = [f"{article.title} {article.summary} {article.content}" for article in samples]
    for text, links in zip(texts, link_articles(samples, POLICY, limit=4), strict=True):
        assert all(word in text or word in texts[link.id] for link in links for word in link.why)


def test_only_what_was_there_at_publication(samples: tuple[Article, ...]) -> None:
    shown = link_articles(samples, POLICY, limit=4, earlier_only=True, gate=False)
    for article, links in zip(samples, shown, strict=True):
        dates = [samples[link.id].published_at for link in links]
        assert article.published_at is not None
        assert all(date is not None and date <= article.published_at + timedelta(hours=12) for date in dates)


def test_the_same_text_is_shown_once(samples: tuple[Article, ...]) -> None:
    for links in link_articles(samples, POLICY, limit=4):
        titles = [samples[link.id].title for link in links if samples[link.id].title]
        assert len(titles) == len(set(titles))


def test_the_order_of_the_input_changes_nothing(samples: tuple[Article, ...]) -> None:
    forward = link_articles(samples, POLICY, limit=4)
    turned = samples[::-1]
    backward = link_articles(turned, POLICY, limit=4)[::-1]
    for one, other in zip(forward, backward, strict=True):
        assert [samples[link.id].id for link in one] == [turned[link.id].id for link in other]


def test_lines_in_the_order_of_the_input() -> None:
    articles = read_articles(
        [b'{"id": 2, "title": "x"}', b"", b'{"id": "a", "title": "y", "summary": null}'], "f"
    )
    lines = list(write_links(articles, link_articles(articles, POLICY, limit=4)))
    assert lines == ['{"id": 2, "links": []}', '{"id": "a", "links": []}']


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", "not JSON"),
        (b"[]", "not a JSON object"),
        (b'{"title": "x"}', "no id"),
        (b'{"id": 1}', "no title"),
        (b'{"id": 1, "title": 2}', "title is not text"),
        (b'{"id": 1, "title": "x", "published": "yesterday"}', "not a date"),
        (b'{"id": 1, "title": "x", "published": "0001-01-01T00:00:00+14:00"}', "not a date"),
        (b'{"id": 1, "title": "x", "published": "9999-12-31T23:59:59-14:00"}', "not a date"),
        (b'{"id": "\\ud800", "title": "x"}', "lone surrogate"),
        (b"[" * 200_000, "nested too deeply"),
    ],
)
def test_a_line_that_is_no_article_is_named(line: bytes, reason: str) -> None:
    with pytest.raises(ArticlesError, match=rf"file, line 1: .*{reason}"):
        read_articles([line], "file")


def test_half_characters_in_a_text_are_dropped() -> None:
    (article,) = read_articles(
        [b'{"id": 1, "title": "x\\ud800y", "content": "\\udfff", "source": "\\ud800"}'], "f"
    )
    assert (article.title, article.content, article.source) == ("xy", "", "")


@pytest.mark.parametrize("lines", [[], [b"", b"  \n"]])
def test_an_archive_without_articles_is_named(lines: list[bytes]) -> None:
    with pytest.raises(ArticlesError, match="file: holds no article"):
        read_articles(lines, "file")
