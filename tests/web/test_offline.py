"""What makes the pages an app, and what a browser is told to keep for when there is no network."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from library import NOW, an_entry, follow, link, owner, publish
from webapp import read_token

from aggregator import accounts
from aggregator.domain import PageText, SafeHtml
from aggregator.storage import fulltexts, users
from web.offline import HEADER

if TYPE_CHECKING:
    from webapp import Site

PASSWORD = "a long password"


@pytest.fixture
def ids(site: Site) -> list[int]:
    """Two unread, of which the first leads to one that was read, and that to nothing else."""
    feed = follow(site.database, "https://a.example/", "A")
    found = publish(site.database, feed, an_entry("One"), an_entry("Two", days=1), an_entry("Old", days=9))
    link(site.database, found[0], found[2])
    site.post(f"/entries/{found[2]}/read", read="1")
    return found


def pages(site: Site) -> dict[str, str]:
    """path → mark"""
    told = site.get("/offline.json").json
    assert told is not None
    return dict(told["pages"])


def test_what_is_unread_is_kept_with_what_to_read_with_it(site: Site, ids: list[int]) -> None:
    assert list(pages(site)) == ["/", "/offline", *(f"/entries/{one}" for one in ids)]
    told = site.get("/offline.json").json
    assert told is not None
    shown = site.get(f"/entries/{ids[0]}").text
    for file in re.findall(r'(?:href|src)="(/static/[^"]+\.(?:css|js|svg)[^"]*)"', shown):
        assert file in told["files"]
    for path in (*pages(site), *told["files"]):
        assert site.get(path).status_code == 200


def test_a_mark_changes_when_the_page_does(site: Site, ids: list[int]) -> None:
    before = pages(site)
    assert pages(site) == before
    site.post(f"/entries/{ids[0]}/star", starred="1")
    after = pages(site)
    assert [path for path in after if after[path] != before[path]] == [f"/entries/{ids[0]}"]
    page = PageText(url="https://a.example/1", title="Two", html=SafeHtml("<p>whole</p>"), text="whole")
    with site.database.write() as connection:
        fulltexts.record_full_text(connection, ids[1], page, now=NOW)
    full = pages(site)
    assert [path for path in full if full[path] != after[path]] == [f"/entries/{ids[1]}"]


def test_the_token_of_the_list_lets_marks_in(site: Site, ids: list[int]) -> None:
    told = site.get("/offline.json").json
    assert told is not None
    headers = {"X-CSRFToken": told["token"]}
    answer = site.client.post(f"/entries/{ids[0]}/star", data={"starred": "1"}, headers=headers)
    assert answer.status_code == 303
    assert "One" in site.get("/?view=starred").text


def test_each_reader_has_a_name_of_their_own(site: Site, ids: list[int]) -> None:
    mine = site.get("/").headers[HEADER]
    assert site.get(f"/entries/{ids[0]}").headers[HEADER] == mine
    told = site.get("/offline.json").json
    assert told is not None
    assert told["reader"] == mine
    hashed = accounts.hash_password(PASSWORD)
    with site.database.write() as connection:
        users.set_password(connection, owner(site.database), hashed)
        users.add_user(connection, "ana", role="reader", password_hash=hashed, now=NOW)
    client = site.app.test_client()
    login = client.get("/login")
    assert HEADER not in login.headers
    fields = {"name": "ana", "password": PASSWORD, "csrf_token": read_token(login.text)}
    client.post("/login", data=fields)
    home = client.get("/")
    assert home.status_code == 200
    assert home.headers[HEADER] != mine
    assert client.get("/offline.json").json["pages"] == [["/", ""], ["/offline", ""]]  # type: ignore[index]


def test_the_app_is_described_to_anybody_and_its_icons_are_there(site: Site) -> None:
    for prefix in ("", "/news"):
        answer = site.client.get("/app.webmanifest", environ_overrides={"SCRIPT_NAME": prefix})
        assert answer.content_type == "application/manifest+json"
        told = answer.get_json(force=True)
        assert told["start_url"] == told["scope"] == f"{prefix}/"
        assert {icon["purpose"] for icon in told["icons"]} == {"any", "maskable"}
        for icon in told["icons"]:
            assert icon["src"].startswith(f"{prefix}/static/")
            picture = site.get(icon["src"].removeprefix(prefix))
            assert picture.status_code == 200
            width, height = (int.from_bytes(picture.data[at : at + 4]) for at in (16, 20))
            assert f"{width}x{height}" == icon["sizes"]


def test_the_worker_is_asked_for_each_time_and_sees_all_pages(site: Site) -> None:
    answer = site.get("/worker.js")
    assert answer.mimetype == "text/javascript"
    assert "no-cache" in answer.headers["Cache-Control"]
    assert "worker-src 'self'" in answer.headers["Content-Security-Policy"]
    page = site.get("/")
    assert 'data-worker="/worker.js"' in page.text
    assert 'rel="manifest" href="/app.webmanifest"' in page.text
    assert page.text.count('name="theme-color"') == 2
