"""The library for programs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from library import an_entry, follow, link, owner, publish
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance
from webapp import Site, api_key, make_site

from web import create_app
from web.services import EXTENSION

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder: Path = tmp_path_factory.mktemp("api")
    with make_site(folder) as site:
        feed = follow(site.database, "https://a.example/feed", "A", category=("Press", "Day"))
        ids = publish(site.database, feed, *(an_entry(f"Number {n}", days=n) for n in range(5)))
        link(site.database, ids[0], ids[1], why=("number",))
        yield site


@pytest.fixture(scope="module")
def key(filled: Site) -> dict[str, str]:
    return api_key(filled, owner(filled.database))


def get(site: Site, key: dict[str, str], path: str) -> Any:
    answer = site.client.get(f"/api/v1{path}", headers=key)
    assert answer.status_code == 200, answer.text
    assert "Set-Cookie" not in answer.headers
    return answer.get_json()


def test_a_list_is_continued_without_gaps(filled: Site, key: dict[str, str]) -> None:
    first = get(filled, key, "/entries?limit=3")
    rest = get(filled, key, f"/entries?limit=3&before={first['next']}")
    titles = [one["title"] for one in first["entries"] + rest["entries"]]
    assert titles == [f"Number {n}" for n in range(5)]
    assert rest["next"] is None


def test_what_has_not_changed_is_not_sent_again(filled: Site, key: dict[str, str]) -> None:
    tag = filled.client.get("/api/v1/feeds", headers=key).headers["ETag"]
    answer = filled.client.get("/api/v1/feeds", headers=key | {"If-None-Match": tag})
    assert (answer.status_code, answer.data) == (304, b"")


def test_an_entry_comes_with_its_related(filled: Site, key: dict[str, str]) -> None:
    newest = get(filled, key, "/entries")["entries"][0]
    entry = get(filled, key, f"/entries/{newest['id']}")
    assert entry["html"] == "<p>The text of Number 0.</p>"
    assert {one["title"] for one in entry["related"]} <= {"Number 1"}


def test_statuses_are_set_all_or_none(filled: Site, key: dict[str, str]) -> None:
    ids = [one["id"] for one in get(filled, key, "/entries")["entries"]]

    def mark(body: dict[str, object]) -> int:
        return filled.client.post("/api/v1/statuses", json=body, headers=key).status_code

    assert mark({"ids": [ids[0], 999], "read": True}) == 404
    assert len(get(filled, key, "/entries?state=unread")["entries"]) == 5
    assert mark({"ids": ids[:2], "read": True, "starred": True}) == 204
    assert len(get(filled, key, "/entries?state=unread")["entries"]) == 3
    assert [one["id"] for one in get(filled, key, "/entries?state=starred")["entries"]] == ids[:2]
    assert mark({"ids": ids[:2], "read": False, "starred": False}) == 204


@pytest.mark.parametrize(
    "body", [[], {}, {"ids": 1}, {"ids": [True]}, {"ids": [], "read": 1}, {"ids": [2**40]}]
)
def test_what_has_no_meaning_is_a_problem(filled: Site, key: dict[str, str], body: object) -> None:
    answer = filled.client.post("/api/v1/statuses", json=body, headers=key)
    assert answer.status_code == 400
    assert answer.content_type == "application/problem+json"
    assert answer.get_json()["status"] == 400


def test_a_key_that_may_only_read_changes_nothing(filled: Site) -> None:
    reads = api_key(filled, owner(filled.database), "read")
    assert get(filled, reads, "/categories") == {"categories": [["Press", "Day"]]}
    for method, path in (("POST", "statuses"), ("POST", "refresh"), ("DELETE", "feeds/1")):
        answer = filled.client.open(f"/api/v1/{path}", method=method, json={"ids": []}, headers=reads)
        assert answer.status_code == 403


def test_no_key_no_answer(filled: Site) -> None:
    for given in ({}, {"Authorization": "Bearer la_x"}, {"Authorization": "Basic YTpi"}):
        answer = filled.client.get("/api/v1/entries", headers=given)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_search_and_address_of_what_is_no_feed(filled: Site, key: dict[str, str]) -> None:
    assert get(filled, key, "/search?q=number")["total"] == 5
    answer = filled.client.post("/api/v1/feeds", json={"url": "ftp://a.example/"}, headers=key)
    assert (answer.status_code, answer.get_json()["code"]) == (422, "address-refused")


def _fuzz(site: Site, key: dict[str, str], examples: int) -> int:
    """How many requests were sent. No address of a feed is among them: each would be looked up."""
    services = site.app.extensions[EXTENSION]
    policy = replace(services.people, calls_per_minute=1_000_000, refreshes_per_hour=10_000)
    app = create_app(replace(services, people=policy))
    schema = schemathesis.openapi.from_wsgi("/api/openapi.json", app)
    sent = 0
    for found in schema.exclude(operation_id="add_feed").get_all_operations():

        @hypothesis.given(case=found.ok().as_strategy())
        @settings(
            max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck)
        )
        def send(case: schemathesis.Case) -> None:
            nonlocal sent
            sent += 1
            checks = [not_a_server_error, response_schema_conformance, status_code_conformance]
            case.call_and_validate(headers=key, checks=checks)

        send()
    return sent


def test_answers_are_as_described_and_never_a_5xx(filled: Site, key: dict[str, str]) -> None:
    assert _fuzz(filled, key, 25) > 60


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_10000_requests_without_a_5xx(
    filled: Site, key: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    sent = _fuzz(filled, key, 2_000)
    with capsys.disabled():
        print(f"\n{sent} requests")
    assert sent >= 10_000
