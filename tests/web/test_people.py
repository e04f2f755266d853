"""Who comes in, who sees what: every route as nobody, as another, without a token, from another site."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network
from typing import TYPE_CHECKING

import pytest
from library import NOW, an_entry, follow, link, owner, publish
from sqlalchemy import select, update
from webapp import api_key, read_token

from aggregator import accounts
from aggregator.domain import Filter, RefreshProgress
from aggregator.storage import filters, icons, runs, savedsearches, subscriptions, users, verdicts
from aggregator.storage.schema import feed_states, metadata
from web import create_app
from web.people import OPEN, OWNERS
from web.services import EXTENSION

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from webapp import Site

PASSWORD = "a long password"

JUDGED = {
    "account": """credentials.account credentials.language credentials.password credentials.sessions
        credentials.end_session credentials.keys credentials.make_key credentials.revoke_key
        credentials.log_out""",
    "theirs": """arranging.save bulk.change bulk.undo categories.category categories.delete
        categories.edit categories.rename checks.index checks.events entries.entry entries.home
        entries.read
        entries.read_all entries.refresh entries.star entries.undo_read_all feeds.add feeds.feed
        feeds.index feeds.remove filters.change filters.delete filters.edit
        filters.hidden filters.index
        filters.new filters.save filters.show fulltext.always fulltext.fetch icons.icon
        importing.export importing.form
        importing.upload importing.job importing.events importing.choose importing.again
        lireaussi.copies_unread lireaussi.refuse lireaussi.story lireaussi.undo
        lireaussi.verdicts looks.change manual.index offline.listing offline.page pictures.serve
        search.delete search.rename search.results
        search.save search.undo_delete starter.take tending.adopt tending.check tending.pause
        versions.versions""",
    "api": """api.openapi api.entries api.entry api.feeds api.categories api.search api.add_feed
        api.remove_feed api.set_statuses api.refresh""",
}


def change(site: Site, **changes: object) -> None:
    site.app.extensions[EXTENSION] = replace(site.app.extensions[EXTENSION], **changes)


def add_person(site: Site, name: str, *, role: str = "reader") -> int:
    hashed = accounts.hash_password(PASSWORD)
    with site.database.write() as connection:
        return users.add_user(connection, name, role=role, password_hash=hashed, now=NOW)


def log_in(site: Site, name: str, password: str = PASSWORD) -> FlaskClient:
    client = site.app.test_client()
    fields = {"name": name, "password": password, "csrf_token": read_token(client.get("/login").text)}
    answer = client.post("/login", data=fields)
    assert answer.status_code == 303, answer.text
    return client


def send(client: FlaskClient, path: str, **fields: str) -> int:
    token = read_token(client.get("/account").text)
    return client.post(path, data=fields | {"csrf_token": token}).status_code


@pytest.fixture
def shared(site: Site) -> Site:
    """The owner follows a feed with linked entries; Ana, who has an account, follows nothing."""
    feed = follow(site.database, "https://secret.example/feed", "Zirconium News", category=("Zirconium",))
    one, two = publish(site.database, feed, an_entry("Zirconium one"), an_entry("Zirconium two"))
    link(site.database, two, one, why=("hidden",))
    add_person(site, "ana")
    with site.database.write() as connection:
        users.set_password(connection, owner(site.database), accounts.hash_password(PASSWORD))
    return site


def routes(site: Site) -> list[tuple[str, str, str]]:
    """(endpoint, method, path) of all."""
    return [
        (
            rule.endpoint,
            method,
            re.sub(r"<[^>]+>", "1", re.sub("<string.length=32[^>]+>", "1" * 32, rule.rule)),
        )
        for rule in site.app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]


def test_every_route_was_judged(site: Site) -> None:
    judged = {name for names in JUDGED.values() for name in names.split()} | OPEN | OWNERS
    found = {endpoint for endpoint, _, _ in routes(site)}
    assert found == judged, "say in JUDGED, or in web.people, who may ask for it"


def test_nobody_comes_in_by_any_route(shared: Site) -> None:
    for endpoint, method, path in routes(shared):
        client = shared.app.test_client()
        token = read_token(client.get("/login").text)
        answer = client.open(path, method=method, data={"csrf_token": token}, headers={"X-User": "owner"})
        assert "Zirconium" not in answer.text, path
        if endpoint in OPEN or endpoint == "api.openapi":
            continue
        if endpoint.startswith("api."):
            assert answer.status_code == 401, path
        elif method == "GET":
            assert (answer.status_code, answer.headers["Location"]) == (303, "/login"), path
        else:
            assert answer.status_code == 403, path
    assert shared.refreshes == []


@pytest.fixture
def lived_in(shared: Site) -> Site:
    """The owner has one of everything; Ana's own feed tells what the owner's tells."""
    database, reader = shared.database, owner(shared.database)
    publish(database, 1, an_entry("Zirconium three"), an_entry("Zirconium four"))
    publish(database, 1, an_entry("Zirconium one", text="Zirconium, edited"))
    common = follow(database, "https://common.example/feed", "Common")
    (told,) = publish(database, common, an_entry("Told by all", text="words that all use"))
    for number in (1, 2, 3, 4):
        link(database, told, number, why=("zirconium",), same_text=number == 1)
    link(database, 4, 3, why=("zirconium",))
    with database.write() as connection:
        subscriptions.unsubscribe(connection, reader, common)
        subscriptions.subscribe(connection, 2, common, title=None, category=("Ana",), now=NOW)
        savedsearches.save_search(connection, reader, "Zirconium", "zirconium", now=NOW)
        filters.save_filter(connection, reader, Filter(title="Zirconium", feed_id=1), now=NOW)
        verdicts.refuse_link(connection, reader, 1, 2, now=NOW)
        accounts.make_key(connection, reader, name="Zirconium", scope="write", now=NOW)
        icons.record_icon(connection, [1], icons.Icon(content_type="image/png", body=b"Zirconium"))
    outline = b"<opml><body><outline text='Zirconium' xmlUrl='https://secret.example/2'/></body></opml>"
    shared.app.extensions[EXTENSION].subscriber.draft_import(reader, outline, most=9, now=NOW)
    return shared


def kept_of(site: Site, user_id: int) -> dict[str, list[tuple[object, ...]]]:
    """All that the library holds of a person."""
    with site.database.read() as connection:
        return {
            name: sorted(
                map(tuple, connection.execute(select(table).where(table.c.user_id == user_id))), key=repr
            )
            for name, table in metadata.tables.items()
            if "user_id" in table.c
        }


FIELDS = {
    "read": "1",
    "starred": "1",
    "paused": "1",
    "bring_back": "1",
    "up_to": "99",
    "feed_id": "1",
    "category_id": "1",
    "feed": "1",
    "outline": "1",
    "other": "2",
    "do": "remove",
    "name": "x",
    "query": "zirconium",
}


def test_another_person_sees_and_changes_nothing_by_any_route(lived_in: Site) -> None:
    site, reader = lived_in, owner(lived_in.database)
    log_in(site, "owner")  # their session is the first
    client, ana = log_in(site, "ana"), api_key(site, 2)
    token = read_token(client.get("/account").text)
    before = kept_of(site, reader)
    assert {name for name, rows in before.items() if not rows} == {"removed_subscriptions", "statuses"}
    for endpoint, method, path in routes(site):
        if endpoint == "credentials.log_out":
            continue
        answer = client.open(path, method=method, data=FIELDS | {"csrf_token": token}, headers=ana)
        assert "Zirconium" not in answer.text, path
        assert answer.status_code < 500, path
        if endpoint in OWNERS:
            assert answer.status_code == 403, path
    assert kept_of(site, reader) == before
    for path in (
        "/?view=all",
        "/entries/5",
        "/entries/5/thread",
        "/entries/5?via=1.2.3&refused=1",
        "/search?q=zirconium",
        "/filters/new?title=zirconium&action=hide",
        "/verdicts",
        "/export.opml",
        f"/icons/{hashlib.sha256(b'Zirconium').hexdigest()[:32]}.png",
        "/api/v1/search?q=zirconium",
        "/api/v1/entries?feed=1",
        "/api/v1/entries/5",
    ):
        answer = client.get(path, headers=ana)
        assert "Zirconium" not in answer.text.replace('value="zirconium"', ""), path
    for marks in ({"ids": [1], "starred": True}, {"ids": [5, 1], "read": True}):
        assert client.post("/api/v1/statuses", json=marks, headers=ana).status_code == 404
    assert client.delete("/api/v1/feeds/1", headers=ana).status_code == 404
    assert kept_of(site, reader) == before


def test_an_undo_is_good_for_its_person_alone(lived_in: Site) -> None:
    theirs, ana = log_in(lived_in, "owner"), log_in(lived_in, "ana")
    assert send(theirs, "/feeds/1/remove") == 303
    button = re.search(r'name="removal" value="([^"]+)"', theirs.get("/feeds").text)
    assert button is not None
    assert send(ana, "/feeds/undo-removal", removal=button[1]) == 400
    assert send(theirs, "/feeds/undo-removal", removal=button[1]) == 303
    assert "Zirconium" in theirs.get("/feeds").text


def test_what_others_follow_is_not_counted(lived_in: Site) -> None:
    with lived_in.database.write() as connection:
        run = runs.start_run(connection, feeds=2, now=NOW)
        done = RefreshProgress(started_at=NOW, finished_at=None, feeds=2, done=2, failed=1, new_entries=7)
        runs.record_progress(connection, run, done, now=NOW)
        connection.execute(
            update(feed_states).where(feed_states.c.feed_id == 1).values(failures=1, last_checked_at=NOW)
        )
    for name in ("ana", "owner"):
        assert "7 new" not in log_in(lived_in, name).get("/").text
    with lived_in.database.write() as connection:
        runs.record_progress(connection, run, replace(done, finished_at=NOW), now=NOW)
    assert "feed failed" not in log_in(lived_in, "ana").get("/").text
    assert "1 feed failed" in log_in(lived_in, "owner").get("/").text


def test_without_token_or_from_another_site_nothing_is_changed(shared: Site) -> None:
    client = log_in(shared, "owner")
    token = read_token(client.get("/account").text)
    for endpoint, method, path in routes(shared):
        if method == "GET" or endpoint.startswith(("api.", "push.")):
            continue
        assert client.open(path, method=method, data={}).status_code == 400, path
        foreign = {"Sec-Fetch-Site": "cross-site"}
        answer = client.open(path, method=method, data={"csrf_token": token}, headers=foreign)
        assert answer.status_code == 400, path
    for path in ("/api/v1/refresh", "/api/v1/statuses"):
        assert client.post(path, json={"ids": []}).status_code == 401  # a cookie is no key
    assert shared.refreshes == []


def test_a_star_stays_when_the_feed_goes_and_is_nobody_elses(shared: Site) -> None:
    client = log_in(shared, "owner")
    assert send(client, "/entries/1/star", starred="1") == 303
    assert send(client, "/feeds/1/remove") == 303
    assert client.get("/?view=starred").text.count('href="/entries/1') == 1
    assert client.get("/entries/1").status_code == 200
    assert log_in(shared, "ana").get("/entries/1").status_code == 404


# ── logins ───────────────────────────────────────────────────────────────────────────────────────


def test_a_login_makes_a_new_session_and_a_logout_ends_it_here(shared: Site) -> None:
    client = shared.app.test_client()
    before = client.get("/login").headers["Set-Cookie"]
    client = log_in(shared, "ana")
    cookie = client.get_cookie("lire-aussi")
    assert cookie is not None
    assert cookie.value not in before
    assert client.get("/").status_code == 200
    assert send(client, "/logout") == 303
    client.set_cookie("lire-aussi", cookie.value)
    assert client.get("/").headers["Location"] == "/login"


def test_a_new_password_ends_all_other_sessions(shared: Site) -> None:
    here, elsewhere = log_in(shared, "ana"), log_in(shared, "ana")
    wrong = {"old": "not this", "new": "another one", "again": "another one"}
    assert send(here, "/account/password", **wrong) == 422
    assert send(here, "/account/password", **(wrong | {"old": PASSWORD})) == 303
    assert here.get("/").status_code == 200
    assert elsewhere.get("/").status_code == 303
    log_in(shared, "ana", "another one")


def test_sessions_are_shown_and_ended_by_their_person_alone(shared: Site) -> None:
    ana, theirs = log_in(shared, "ana"), log_in(shared, "owner")
    assert send(ana, "/account/sessions/2/end") == 303
    assert theirs.get("/").status_code == 200
    assert ana.get("/account/sessions").text.count("/end") == 1
    assert send(ana, "/account/sessions/1/end") == 303
    assert ana.get("/").status_code == 303


@pytest.mark.parametrize("later", [accounts.IDLE, accounts.LONGEST])
def test_a_session_does_not_last(shared: Site, later: timedelta) -> None:
    client = log_in(shared, "ana")
    change(shared, clock=lambda: NOW + later)
    assert client.get("/").status_code == 303


def test_guessing_is_slow(shared: Site) -> None:
    client = shared.app.test_client()
    token = read_token(client.get("/login").text)
    fields = {"name": "ana", "password": "wrong", "csrf_token": token}
    told = [client.post("/login", data=fields).status_code for _ in range(12)]
    assert told == [403] * 10 + [429] * 2


def test_under_tls_the_cookie_is_bound_to_its_host(site: Site) -> None:
    cookie = site.client.get("/feeds", base_url="https://localhost").headers["Set-Cookie"]
    assert cookie.startswith("__Host-lire-aussi=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
    assert "Domain" not in cookie


def test_what_is_stored_lets_nobody_in(shared: Site) -> None:
    log_in(shared, "ana")
    api_key(shared, 2)
    with shared.database.read() as connection:
        for table in ("users", "sessions", "api_keys"):
            told = str(connection.exec_driver_sql(f"SELECT * FROM {table}").all())
            assert PASSWORD not in told
            assert "la_" not in told
        (kept,) = connection.exec_driver_sql("SELECT password_hash FROM users WHERE name = 'ana'").one()
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


# ── the first start, and proxies ─────────────────────────────────────────────────────────────────


def test_elsewhere_than_on_this_machine_an_account_comes_first(site: Site) -> None:
    change(site, demands_login=True)
    page = site.get("/")
    assert page.status_code == 401
    assert "lire-aussi user password owner" in page.text
    with site.database.write() as connection:
        token = accounts.make_setup_token(connection, now=NOW)
    assert site.get("/setup/nonsense").status_code == 404
    csrf = read_token(site.get(f"/setup/{token}").text)
    fields = {"new": PASSWORD, "again": PASSWORD, "csrf_token": csrf}
    assert site.client.post(f"/setup/{token}", data=fields | {"again": "else"}).status_code == 422
    assert site.client.post(f"/setup/{token}", data=fields).status_code == 303
    assert site.get("/").status_code == 200
    assert site.get(f"/setup/{token}").status_code == 404
    assert site.app.test_client().get("/").status_code == 303


def test_the_link_of_the_first_start_lasts_an_hour(site: Site) -> None:
    with site.database.write() as connection:
        token = accounts.make_setup_token(connection, now=NOW - timedelta(hours=1))
    assert site.get(f"/setup/{token}").status_code == 404


@pytest.mark.parametrize(("network", "status"), [("127.0.0.0/8", 200), ("10.0.0.0/8", 303)])
def test_a_proxy_is_believed_where_it_is_trusted(shared: Site, network: str, status: int) -> None:
    change(shared, user_header="Remote-User", proxies=(ip_network(network),))
    client = shared.app.test_client()
    assert client.get("/", headers={"Remote-User": "ana"}).status_code == status
    assert client.get("/", headers={"Remote-User": "nobody"}).status_code == 303
    assert client.get("/").status_code == 303


def test_a_language_is_a_persons_own(shared: Site) -> None:
    ana = log_in(shared, "ana")
    assert send(ana, "/account/language", language="fr") == 303
    assert '<html lang="fr"' in ana.get("/account", headers={"Accept-Language": "en"}).text
    assert '<html lang="en"' in log_in(shared, "owner").get("/account").text


def test_quotas_are_a_persons_own(shared: Site) -> None:
    services = shared.app.extensions[EXTENSION]
    policy = replace(services.people, feeds=1, refreshes_per_hour=2)
    shared.app.extensions.pop("limiter", None)
    app = create_app(replace(services, people=policy))
    client, ana = app.test_client(), app.test_client()
    key, other = api_key(shared, owner(shared.database)), api_key(shared, 2)
    told = [client.post("/api/v1/refresh", headers=key).status_code for _ in range(3)]
    assert told == [202, 202, 429]
    assert ana.post("/api/v1/refresh", headers=other).status_code == 202
    answer = client.post("/api/v1/feeds", json={"url": "https://b.example/"}, headers=key)
    assert (answer.status_code, answer.get_json()["code"]) == (422, "account")
