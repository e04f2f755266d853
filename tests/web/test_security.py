"""What no request may do, and what no answer may let a browser do."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from library import an_entry, follow, link, publish
from webapp import read_token

if TYPE_CHECKING:
    from webapp import Site

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{7*7}}"
GETS = (
    "/",
    "/?view=all",
    "/?view=starred",
    "/entries/1",
    "/feeds",
    "/filters",
    "/filters/new?title=a&action=hide",
    "/hidden",
    "/feeds/1",
    "/import",
    "/links",
    "/search",
    "/login",
    "/account",
    "/account/sessions",
    "/account/keys",
    "/search?q=text",
    "/export.opml",
    "/health",
    "/robots.txt",
    "/static/style.css",
)


@pytest.fixture
def filled(site: Site) -> Site:
    feed = follow(site.database, "https://a.example/feed", "A News", category=("Presse",))
    one, two = publish(site.database, feed, an_entry("One"), an_entry("Two"))
    link(site.database, two, one, why=("text",))
    return site


@pytest.mark.parametrize("path", GETS)
def test_every_page_answers(filled: Site, path: str) -> None:
    for language in ("en", "fr"):
        assert filled.get(path, language).status_code == 200


@pytest.mark.parametrize("path", [*GETS, "/nope", "/refresh"])
def test_every_answer_carries_the_headers(filled: Site, path: str) -> None:
    headers = filled.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; ")
    for part in ("form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"):
        assert part in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"


def test_the_session_cookie_is_kept_from_scripts_and_other_sites(filled: Site) -> None:
    cookie = filled.get("/").headers["Set-Cookie"]
    assert cookie.startswith("lire-aussi=")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_pages_are_not_kept_and_static_files_are(filled: Site) -> None:
    assert filled.get("/").headers["Cache-Control"] == "private, no-cache"
    style = re.search(r'href="(/static/style\.css\?v=\w+)"', filled.get("/").text)
    assert style is not None
    assert "max-age=31536000" in filled.get(style[1]).headers["Cache-Control"]


def test_nothing_on_a_page_is_inline(filled: Site) -> None:
    for path in GETS[:10]:
        page = filled.get(path).text
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?! src=)", page)


# ── forged requests ──────────────────────────────────────────────────────────────────────────────


HUB_ROUTE = "/push/<string(maxlength=100):token>"


def unsafe_routes(site: Site) -> list[str]:
    rules = [rule for rule in site.app.url_map.iter_rules() if "POST" in (rule.methods or ())]
    assert len(rules) >= 8
    # What a hub sends bears a signature instead (test_pushing.py), what a program sends a key (test_api.py).
    return [
        re.sub(r"<[^>]+>", "1", rule.rule)
        for rule in rules
        if rule.rule != HUB_ROUTE and not rule.rule.startswith("/api/")
    ]


def dump(site: Site) -> str:
    """Everything that the library holds."""
    with closing(sqlite3.connect(site.database.name)) as connection:
        return "\n".join(connection.iterdump())


def test_no_form_without_its_token(filled: Site) -> None:
    before = dump(filled)
    for path in unsafe_routes(filled):
        for fields in ({}, {"csrf_token": "x"}):
            answer = filled.client.post(path, data=fields | {"read": "1", "starred": "1", "up_to": "9"})
            assert answer.status_code == 400
            assert "This form is no longer valid" in answer.text
    assert filled.refreshes == []
    assert dump(filled) == before


def test_no_token_of_another_session(filled: Site) -> None:
    token = filled.token()
    stranger = filled.app.test_client()
    assert stranger.post("/refresh", data={"csrf_token": token}).status_code == 400
    assert filled.refreshes == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://localhost:9"},
    ],
)
def test_no_form_of_another_site_even_with_the_token(filled: Site, headers: dict[str, str]) -> None:
    data = {"csrf_token": filled.token()}
    assert filled.client.post("/refresh", data=data, headers=headers).status_code == 400
    assert filled.refreshes == []


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "same-origin", "Origin": "null"}, {"Origin": "null"}, {"Origin": "http://localhost"}],
)
def test_a_form_of_ours_passes(filled: Site, headers: dict[str, str]) -> None:
    data = {"csrf_token": filled.token()}
    assert filled.client.post("/refresh", data=data, headers=headers).status_code == 303


def test_a_form_passes_behind_tls_without_a_referer(filled: Site) -> None:
    page = filled.client.get("/import", base_url="https://localhost").text
    data = {"csrf_token": read_token(page)}
    assert filled.client.post("/refresh", data=data, base_url="https://localhost").status_code == 303


def test_no_get_changes_anything(filled: Site) -> None:
    before = dump(filled)
    routes = [re.sub(r"<[^>]+>", "1", rule.rule) for rule in filled.app.url_map.iter_rules()]
    assert {"/", "/entries/1", "/entries/1/read", "/feeds/1/remove"} <= set(routes)
    for path in {*routes, *GETS}:
        fields = "?read=1&starred=1&up_to=9&url=https://b.example/&view=starred"
        assert filled.get(path + ("" if "?" in path else fields)).status_code in (200, 401, 404, 405), path
    for path in set(unsafe_routes(filled)) - {*GETS, "/setup/1", "/imports/1", "/filters/1"}:
        assert filled.get(path).status_code == 405
    assert dump(filled) == before
    assert filled.refreshes == []
    filled.post("/entries/1/star", starred="1")
    assert dump(filled) != before


# ── names ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "host", ["localhost:8480", "a.localhost", "127.0.0.1", "192.168.1.7:80", "[::1]:8480"]
)
def test_asked_for_under_a_name_that_cannot_be_foreign(filled: Site, host: str) -> None:
    assert filled.client.get("/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "[::1", "a b", "127.0.0.1.evil.example"]
)
def test_a_foreign_name_shows_nothing(filled: Site, host: str) -> None:
    answer = filled.client.get("/", headers={"Host": host})
    assert 400 <= answer.status_code < 500
    assert "A News" not in answer.text


def test_a_redirect_of_ours_stays_here(filled: Site) -> None:
    for path in ("//evil.example", "//evil.example/..", "/%5Cevil.example"):
        location = filled.client.get(path).headers.get("Location", "/")
        assert location.startswith(("/evil", "/", "http://localhost/"))
        assert not location.startswith("//")


# ── hostile words ────────────────────────────────────────────────────────────────────────────────


def test_hostile_words_are_only_text_everywhere(site: Site) -> None:
    feed = follow(site.database, f"https://a.example/{EVIL}", EVIL, category=(EVIL, EVIL))
    entry = an_entry(EVIL, text=EVIL, html="<p>clean</p>", author=EVIL)
    one, two = publish(site.database, feed, entry, an_entry(EVIL + "2", text=EVIL, html="<p>clean</p>"))
    link(site.database, two, one, why=(EVIL,))
    site.post(f"/entries/{one}/star", starred="1")
    for path in (*GETS[:10], "/entries/2"):
        page = site.get(path).text
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "49" not in re.sub(r"<script src.*?>|value=.*?>|v=\w+|[\w.-]{40,}", "", page)
    assert "&lt;script&gt;" in site.get("/").text


def test_a_message_about_a_hostile_title_is_only_text(site: Site) -> None:
    feed = follow(site.database, "https://a.example/", EVIL)
    site.post(f"/feeds/{feed}/remove")
    page = site.get("/feeds").text
    assert "You no longer follow" in page
    assert "<script>alert" not in page


def test_html_of_publishers_gets_on_a_page_in_one_way() -> None:
    """What the cleaner made, by the filter `article`."""
    root = Path(__file__).parents[2]
    written = {
        path: path.read_text("utf-8")
        for name in ("aggregator", "web")
        for path in root.joinpath(name).rglob("*")
        if path.suffix in (".py", ".html")
    }

    def holding(words: str) -> set[str]:
        return {path.name for path, text in written.items() if re.search(words, text)}

    assert holding(r"\{\{[^}]*\|\s*safe\b|autoescape false|render_template_string") == set()
    assert holding(r"\bMarkup\(") == {"pictures.py", "languages.py"}  # the latter: our own words alone
    # Cleaned, changed by a page; read from the library.
    assert holding(r"\bSafeHtml\([^\"]") == {
        *("sanitizing.py", "presenting.py"),
        *("entries.py", "edits.py", "fulltexts.py"),
    }
