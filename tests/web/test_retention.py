"""What is kept of a feed is said on its page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from library import follow, owner

from aggregator.domain import RetentionRule
from aggregator.storage import retention, subscriptions

if TYPE_CHECKING:
    from webapp import Site


def rule(site: Site, feed: int) -> RetentionRule:
    with site.database.read() as connection:
        return retention.find_rule(connection, feed)


def test_a_rule_is_saved_shown_and_taken_back(site: Site) -> None:
    feed = follow(site.database, "https://journal.example/feed", "Le Journal")
    assert 'name="keep_days"' in site.get(f"/feeds/{feed}").text
    answer = site.post(f"/feeds/{feed}/keep", keep_days="90", keep_entries="")
    assert (answer.status_code, answer.location) == (303, f"/feeds/{feed}")
    assert rule(site, feed) == RetentionRule(keep_days=90)
    assert 'value="90"' in site.get(f"/feeds/{feed}").text
    site.post(f"/feeds/{feed}/keep", keep_days="", keep_entries="0")
    assert rule(site, feed) == RetentionRule(keep_entries=0)
    site.post(f"/feeds/{feed}/keep", keep_days="", keep_entries="")
    assert rule(site, feed) == RetentionRule()


@pytest.mark.parametrize("typed", ["-1", "x", "1.5", "99999", "1e3", "9" * 30])
def test_what_is_no_number_is_refused(site: Site, typed: str) -> None:
    feed = follow(site.database, "https://journal.example/feed", "Le Journal")
    assert site.post(f"/feeds/{feed}/keep", keep_days=typed).status_code == 400
    assert rule(site, feed) == RetentionRule()


def test_only_for_feeds_that_the_person_follows(site: Site) -> None:
    feed = follow(site.database, "https://journal.example/feed", "Le Journal")
    with site.database.write() as connection:
        subscriptions.unsubscribe(connection, owner(site.database), feed)
    assert site.post(f"/feeds/{feed}/keep", keep_days="1").status_code == 404
    assert rule(site, feed) == RetentionRule()
