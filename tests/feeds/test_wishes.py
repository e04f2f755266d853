"""What a document asks of those who fetch it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from aggregator.domain import SkippedTimes
from aggregator.feeds.parsing import parse_feed
from aggregator.feeds.wishes import read_wishes

URL = "https://journal.example/feed"
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
HUB = "https://hub.example/"


def channel(inside: str, after: str = "") -> str:
    items = "<item><title>How to skip</title><description><![CDATA[{}]]></description></item>"
    aside = "<skipHours><hour>9</hour></skipHours><link rel='hub' href='https://evil.example/'>"
    return f'<rss version="2.0"><channel><title>A</title>{inside}{items.format(aside)}{after}</channel></rss>'


def skipped(text: str) -> SkippedTimes | None:
    return parse_feed(text.encode(), url=URL, content_type="", now=NOW).wishes.skipped


def test_hours_and_days() -> None:
    said = "<skipHours><hour>0</hour> <hour> 24 </hour><hour>1</hour></skipHours>"
    days = "<skipDays><day>Saturday</day><day>sunday</day><day>Sonntag</day></skipDays>"
    assert skipped(channel(said + days)) == SkippedTimes(hours=frozenset({0, 1}), weekdays=frozenset({5, 6}))
    assert skipped(channel("", after=said)) == SkippedTimes(hours=frozenset({0, 1}))


@pytest.mark.parametrize(
    "said",
    [
        "",
        "<!-- <skipHours><hour>3</hour></skipHours> -->",
        "<skipHours><hour>25</hour><hour>-1</hour></skipHours>",
        "<skipHours>",
    ],
)
def test_what_says_nothing(said: str) -> None:
    assert skipped(channel(said)) is None


def test_a_skipped_hour_is_one_of_utc() -> None:
    night = SkippedTimes(hours=frozenset({0}), weekdays=frozenset({6}))
    assert night.covers(datetime(2026, 11, 24, 0, 59, tzinfo=UTC))
    assert not night.covers(datetime(2026, 11, 24, 1, 0, tzinfo=UTC))
    assert night.covers(datetime(2026, 11, 29, 15, 0, tzinfo=UTC))


@pytest.mark.parametrize(
    "links",
    [
        f'<atom:link rel="hub" href="{HUB}"/><atom:link href="{URL}?a=1&amp;b=2" rel="self"/>',
        f"<link rel='self' href='{URL}?a=1&amp;b=2'/><link xmlns='atom' rel='hub' href='{HUB}'/>",
    ],
)
def test_the_hub_and_the_topic(links: str) -> None:
    wishes = read_wishes(channel(links), url=URL)
    assert (wishes.hub_url, wishes.topic_url) == (HUB, f"{URL}?a=1&b=2")


def test_a_hub_that_is_no_web_address_is_none() -> None:
    wishes = read_wishes(channel('<atom:link rel="hub" href="javascript:alert(1)"/>'), url=URL)
    assert wishes.hub_url is None


def test_the_hub_of_a_json_feed() -> None:
    text = '{"version": "https://jsonfeed.org/version/1.1", "feed_url": "https://a.example/f", "hubs": [%s]}'
    both = '{"type": "rssCloud", "url": "https://cloud.example/"}, {"type": "WebSub", "url": "https://hub.example/"}'
    wishes = read_wishes(text % both, url=URL)
    assert (wishes.hub_url, wishes.topic_url) == (HUB, "https://a.example/f")
    assert read_wishes(text % '1, {"type": 2}', url=URL).hub_url is None
    assert read_wishes("[1]", url=URL).hub_url is None
