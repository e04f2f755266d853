"""The command as a person or a cron job runs it: real processes, a real library, a server on loopback."""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest
from feedserver import FeedServer, Response

from aggregator.demo import sample_feeds

if TYPE_CHECKING:
    from collections.abc import Callable

COMMAND = str(Path(sys.executable).with_name("lire-aussi"))
HELD = "1 feed is being refreshed by another process; try again later.\n"
STORY = "Orlov, le président russe, arrive à Pyongyang où Kim prépare le traité militaire et la parade."


def environment(library: Path) -> dict[str, str]:
    return os.environ | {
        "LIRE_AUSSI_LIBRARY": str(library),
        "LIRE_AUSSI_FETCH__ALLOWED_NETWORKS": "127.0.0.0/8",
        "LIRE_AUSSI_FETCH__ICONS": "false",  # each test knows what its server is asked for
        "LIRE_AUSSI_REFRESH__PARSE_WORKERS": "1",  # few documents are not worth two children
    }


def start(library: Path, *arguments: str) -> subprocess.Popen[str]:
    """In a folder of temporary files of its own."""
    temporary = library / "temporary"
    temporary.mkdir()
    return subprocess.Popen(
        [COMMAND, *arguments],
        env=environment(library) | {"TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not true() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert true()


def run(library: Path, *arguments: str, status: int = 0, stdin: str = "") -> str:
    done = subprocess.run(
        [COMMAND, *arguments],
        env=environment(library),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout if status == 0 else done.stderr


def run_json(library: Path, *arguments: str) -> Any:
    return json.loads(run(library, *arguments, "--json"))


def follow(library: Path, url: str) -> None:
    """By an import, which fetches nothing."""
    run(library, "import", "-", stdin=f'<opml version="2.0"><body><outline xmlUrl="{url}"/></body></opml>')


def rss(*items: tuple[str, str]) -> Response:
    entries = "".join(
        f"<item><title>{title}</title><guid>{title}</guid><description>{text}</description></item>"
        for title, text in items
    )
    document = f'<rss version="2.0"><channel><title>Le Journal</title><language>fr</language>{entries}'
    return Response(body=f"{document}</channel></rss>".encode(), headers={"ETag": f'"{len(items)}"'})


OUTLINE = {"title", "url", "category"}
SHAPES = {
    "import": {"added", "already_there", "refused"},
    "refresh": {
        *("feeds", "not_modified", "same_body", "updated", "failed"),
        *("new_entries", "changed_entries", "links", "seconds"),
    },
    "feeds": {
        *("id", "url", "title", "category", "site_url"),
        *("last_checked_at", "next_check_at", "failures", "error"),
    },
    "entries": {"id", "feed", "guid", "url", "title", "author", "published_at", "read", "starred"},
    "related": {"entry", "links"},
}
"""Stable: programs read them."""


def test_from_opml_to_lire_aussi(tmp_path: Path) -> None:
    feed = rss(
        ("Orlov à Pyongyang", STORY),
        ("La parade de Pyongyang", STORY + " Orlov salue."),
        ("Tarte", "Coings."),
    )
    with FeedServer({"/a": feed}) as server:
        opml = tmp_path / "feeds.opml"
        opml.write_text(
            f'<opml version="2.0"><body><outline text="Presse">'
            f'<outline text="J" xmlUrl="{server.url("/a")}"/>'
            '</outline><outline text="No" xmlUrl="https://me:secret@a.example/"/></body></opml>'
        )
        assert run_json(tmp_path, "import", str(opml), "--dry-run")["added"][0]["title"] == "J"
        report = run_json(tmp_path, "import", str(opml))
        again = run_json(tmp_path, "import", str(opml))
        assert report.keys() == SHAPES["import"]
        assert [len(report[key]) for key in ("added", "already_there", "refused")] == [1, 0, 1]
        assert [len(again[key]) for key in ("added", "already_there", "refused")] == [0, 1, 1]
        assert report["added"][0].keys() == again["already_there"][0].keys() == OUTLINE
        assert report["refused"][0].keys() == {"title", "url", "reason"}
        assert "secret" not in str(report["refused"])
        first = run_json(tmp_path, "refresh")
        assert first.keys() == SHAPES["refresh"]
        assert (first["feeds"], first["updated"], first["new_entries"]) == (1, 1, 3)
        second = run_json(tmp_path, "refresh", "--all")
        assert (second["same_body"], second["new_entries"]) == (1, 0)
    (found,) = run_json(tmp_path, "feeds")
    assert found.keys() == SHAPES["feeds"]
    assert (found["category"], found["failures"], found["error"]) == ("Presse", 0, None)
    entries = run_json(tmp_path, "entries")
    assert {frozenset(entry) for entry in entries} == {frozenset(SHAPES["entries"])}
    (entry,) = (entry for entry in entries if entry["title"] == "Tarte")
    related = run_json(tmp_path, "related", str(entry["id"]))
    assert related.keys() == SHAPES["related"]
    assert related["entry"] == {"id": entry["id"], "title": "Tarte", "url": entry["url"]}
    assert related["links"] == []
    assert server.url("/a") in run(tmp_path, "export")


@pytest.fixture(scope="module")
def linked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of the sample feeds that ship with the program."""
    library = tmp_path_factory.mktemp("linked")
    samples = sample_feeds(datetime.now(UTC))
    pages = {s.path: Response(body=s.body, headers={"Content-Type": s.content_type}) for s in samples}
    with FeedServer(pages) as server:
        outlines = "".join(f'<outline xmlUrl="{server.url(sample.path)}"/>' for sample in samples)
        opml = library / "feeds.opml"
        opml.write_text(f'<opml version="2.0"><body>{outlines}</body></opml>')
        run(library, "import", str(opml))
        assert run_json(library, "refresh")["links"] > 100
    return library


def pyongyang(library: Path) -> tuple[str, dict[str, Any]]:
    """An entry on the president's visit, and what is proposed under it."""
    for entry in run_json(library, "entries", "--limit", "200"):
        if "Pyongyang" in entry["title"]:
            return str(entry["id"]), run_json(library, "related", str(entry["id"]))
    raise AssertionError("there is no such entry")


def test_what_is_related_and_why(linked: Path) -> None:
    number, related = pyongyang(linked)
    assert len(related["links"]) >= 2
    for link in related["links"]:
        assert link.keys() == {"id", "title", "url", "feed", "published_at", "score", "why"}
        assert 0.1 < link["score"] <= 1
        assert 3 <= len(link["why"]) <= 5
    other = related["links"][0]
    told = run_json(linked, "why", number, str(other["id"]))
    assert told["kept"]["why"] == other["why"]
    assert told["place_under_a"] == 1
    assert all(step["passed"] for step in told["steps"])
    assert sum(term["part"] for term in told["terms"]) == pytest.approx(told["cosine"])
    assert {term["word"] for term in told["terms"][:5]} & set(other["why"])
    assert "place 1" in run(linked, "why", number, str(other["id"]))


def test_what_was_judged_unrelated_is_proposed_no_more(linked: Path) -> None:
    number, related = pyongyang(linked)
    other = related["links"][0]["id"]
    pair = sorted((int(number), other))
    with closing(sqlite3.connect(linked / "library.sqlite")) as library, library:
        library.execute("INSERT INTO verdicts VALUES (1, ?, ?, '2026-11-24 00:00:00')", pair)
    try:
        for one, gone in ((number, other), (str(other), int(number))):
            shown = run_json(linked, "related", one)["links"]
            assert shown
            assert gone not in [link["id"] for link in shown]
    finally:
        with closing(sqlite3.connect(linked / "library.sqlite")) as library, library:
            library.execute("DELETE FROM verdicts")


def test_searching(tmp_path: Path) -> None:
    feed = rss(("Les élections", STORY), ("Tarte", "Coings."))
    with FeedServer({"/a": feed}) as server:
        follow(tmp_path, server.url("/a"))
        run(tmp_path, "refresh")
    found = run_json(tmp_path, "search", "election", "feed:journal")
    assert (found["total"], found["more"]) == (1, False)
    assert set(found["hits"][0]) == SHAPES["entries"] | {"snippet"}
    assert "Tarte" in run(tmp_path, "search", "--limit", "1", "coing")
    assert "Nothing found." in run(tmp_path, "search", "zebra", status=1)
    told = run(tmp_path, "search", "from:tomorrow", "--", "-coing", status=1)
    assert "“tomorrow” is no date." in told
    assert "Type a word that must occur, too." in told


def test_why_two_entries_are_not_linked(linked: Path) -> None:
    number, related = pyongyang(linked)
    near = {number, *(str(link["id"]) for link in related["links"])}
    entries = [e for e in run_json(linked, "entries", "--limit", "200") if str(e["id"]) not in near]
    refused = [run_json(linked, "why", number, str(entry["id"])) for entry in (entries[0], entries[-1])]
    for told in refused:
        assert told["kept"] is None or told["place_under_a"] is None
        assert told["kept"] is not None or not all(step["passed"] for step in told["steps"])


def test_how_linking_goes(linked: Path) -> None:
    told = run_json(linked, "links")
    assert told.keys() == {
        "articles",
        "linked",
        "share",
        "histogram",
        "without_text",
        "pending",
        "idf_articles",
        "linked_at",
        "rebuilt_at",
        "cpu_ms_per_article",
        "strictness",
        "recency",
    }
    assert told["pending"] == 0
    assert 0.4 < told["share"] < 1
    before = run_json(linked, "related", pyongyang(linked)[0])
    run(linked, "relink")
    assert run_json(linked, "links")["rebuilt_at"]
    assert run_json(linked, "related", pyongyang(linked)[0]) == before


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (Response(status=404), "404"),
        (Response(body=b"<html><title>x</title></html>", headers={"Content-Type": "text/html"}), "page"),
        (Response(body=b""), "empty"),
    ],
)
def test_what_is_no_feed_is_refused_in_a_sentence(tmp_path: Path, answer: Response, sentence: str) -> None:
    with FeedServer({"/": answer}) as server:
        error = run(tmp_path, "add", server.url("/"), status=1)
    assert server.url("/") in error
    assert re.search(r"\. [A-Z].*\. \[", error), "it does not say what to do"
    assert sentence in error
    assert run_json(tmp_path, "feeds") == []


def test_a_page_leads_to_its_feed(tmp_path: Path) -> None:
    page = b'<head><link rel=alternate type="application/rss+xml" href="/feed"></head>'
    html = Response(body=page, headers={"Content-Type": "text/html"})
    with FeedServer({"/": html, "/feed": rss(("Un", "Deux"))}) as server:
        run(tmp_path, "add", server.url("/"))
        assert run_json(tmp_path, "feeds")[0]["url"] == server.url("/feed")
        assert "already" in run(tmp_path, "add", server.url("/feed"), status=1)
        run(tmp_path, "remove", server.url("/feed"))
    assert run_json(tmp_path, "feeds") == []


def test_adding_a_feed_fetches_no_other(tmp_path: Path) -> None:
    due = Response(body=rss(("Trois", "Quatre")).body)
    with FeedServer({"/a": rss(("Un", "Deux")), "/due": due}) as server:
        follow(tmp_path, server.url("/due"))
        assert f"Le Journal <{server.url('/a')}>: 1 new entries" in run(tmp_path, "add", server.url("/a"))
    assert set(server.paths()) == {"/a"}
    assert [entry["title"] for entry in run_json(tmp_path, "entries")] == ["Un"]


def test_the_feeds_of_a_page_are_listed_by_name(tmp_path: Path) -> None:
    html = b"""<html><link rel=alternate type="application/rss+xml" href="/a" title="Articles">
      <link rel=alternate type="application/rss+xml" href="/c" title="Comments">"""
    with FeedServer({"/": Response(body=html, headers={"Content-Type": "text/html"})}) as server:
        error = run(tmp_path, "add", server.url("/"), status=1)
    said, *listed = error.splitlines()
    assert said.startswith(f"lire-aussi: {server.url('/')}: this page offers 2 feeds.")
    assert listed == [
        f"  {server.url('/a')}  Articles",
        f"  {server.url('/c')}  Comments",
    ]


def test_an_added_feed_that_then_fails_is_told(tmp_path: Path) -> None:
    answers = iter([rss(("Un", "Deux")), Response(status=503)])
    with FeedServer({"/a": lambda _: next(answers)}) as server:
        error = run(tmp_path, "add", server.url("/a"), status=1)
    assert "Le Journal" in error
    assert "503" in error
    assert run_json(tmp_path, "feeds")[0]["failures"] == 1


def test_no_control_character_of_a_stranger_reaches_the_terminal(tmp_path: Path) -> None:
    title = "\\u001b]0;owned\\u0007\\u009b31mJournal"
    document = f'{{"version": "https://jsonfeed.org/version/1.1", "title": "{title}", "items": []}}'
    with FeedServer({"/a": Response(body=document.encode())}) as server:
        said = run(tmp_path, "add", server.url("/a"))
        said += run(tmp_path, "feeds") + run(tmp_path, "feeds", "--json")
        said += run(tmp_path, "add", "https://\x1b]0;owned\x07\x9b31m/", status=1)
        said += run(tmp_path, "remove", server.url("/a"))
    assert "Journal" in said
    assert [c for c in said if not c.isprintable() and c != "\n"] == []


def test_a_failing_feed_is_told(tmp_path: Path) -> None:
    with FeedServer() as server:
        follow(tmp_path, server.url("/a"))
        assert "failed" in run(tmp_path, "refresh", status=1)
    (found,) = run_json(tmp_path, "feeds")
    assert (found["url"], found["failures"]) == (server.url("/a"), 1)
    assert "404" in found["error"]


def test_what_is_kept_is_said_and_the_rest_removed(tmp_path: Path) -> None:
    feed = rss(("One", "1"), ("Two", "2"), ("Three", "3"))
    with FeedServer({"/a": feed}) as server:
        follow(tmp_path, server.url("/a"))
        run(tmp_path, "refresh")
        assert "the newest 1" in run(tmp_path, "keep", server.url("/a"), "--entries", "1")
        assert run_json(tmp_path, "prune")["entries"] == 0  # unread entries stay
        (tmp_path / "settings.toml").write_text("[retention]\nkeep_unread = false\n")
        report = run_json(tmp_path, "prune", "--dry-run")
        assert report.keys() == {"dry_run", "feeds", "entries", "seconds"}
        assert (report["dry_run"], report["entries"]) == (True, 2)
        assert report["feeds"] == [{"feed_id": 1, "title": "Le Journal", "entries": 2}]
        assert run(tmp_path, "prune").splitlines()[0].split() == ["2", "Le", "Journal"]
        server.routes["/a"] = rss(("One", "1"), ("Two", "2, edited"), ("Three", "3"), ("Four", "4"))
        again = run_json(tmp_path, "refresh", "--all")
    assert (again["updated"], again["new_entries"], again["changed_entries"]) == (1, 1, 0)
    assert {entry["title"] for entry in run_json(tmp_path, "entries")} == {"One", "Four"}


def run_on_full_disk(library: Path, limit: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The system refuses every write beyond a size of a file, as a full disk does."""

    def fill_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    done = subprocess.run(
        [COMMAND, *arguments],
        env=environment(library),
        capture_output=True,
        text=True,
        timeout=60,
        preexec_fn=fill_disk,
    )
    assert "Traceback" not in done.stderr
    return done


def state_of(library: Path) -> tuple[str | None, int]:
    """ETag and number of entries; nobody holds the feed any more."""
    with closing(sqlite3.connect(library / "library.sqlite")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        connection.execute("UPDATE feed_states SET lease_until = NULL")
        connection.commit()
        ((etag,),) = connection.execute("SELECT etag FROM feed_states").fetchall()
        ((count,),) = connection.execute("SELECT count(*) FROM entries").fetchall()
    return etag, count


LARGE = rss(*((f"T{n}", "word " * 4_000) for n in range(20)))


def test_a_disk_that_is_full_loses_nothing(tmp_path: Path) -> None:
    with FeedServer({"/a": LARGE}) as server:
        follow(tmp_path, server.url("/a"))
        limit = (tmp_path / "library.sqlite").stat().st_size + 50_000
        assert run_on_full_disk(tmp_path, limit, "refresh").returncode == 1
        assert state_of(tmp_path) == (None, 0)
        report = run_json(tmp_path, "refresh", "--all")
        assert (report["updated"], report["new_entries"]) == (1, 20)
        assert "if-none-match" not in server.requests[-1].headers
    assert state_of(tmp_path)[1] == 20


@pytest.mark.slow
@pytest.mark.timeout(3_000)
def test_a_disk_that_is_full_at_any_point_loses_nothing(tmp_path: Path) -> None:
    """Reads go on meanwhile; with room again, all is as if nothing had been."""
    whole = tmp_path / "whole"
    whole.mkdir()
    with FeedServer({"/a": rss(("Old", "word"))}) as server:
        follow(whole, server.url("/a"))
        run(whole, "refresh")
        server.routes["/a"] = LARGE
        size, wal = (whole / "library.sqlite").stat().st_size, 1_200_000
        outcomes = set()
        for point in range(100):
            library = tmp_path / str(point)
            shutil.copytree(whole, library)
            limit = 40_000 + (size + wal) * point // 100
            run_on_full_disk(library, limit, "refresh", "--all")
            read = run_on_full_disk(library, limit, "entries", "--json")
            assert (read.returncode, '"Old"' in read.stdout) == (0, True), limit
            etag, count = state_of(library)
            assert (etag, count) in {('"1"', 1), ('"20"', 21)}, limit
            outcomes.add(count)
            run(library, "refresh", "--all")
            assert state_of(library) == ('"20"', 21), limit
            shutil.rmtree(library)
    assert outcomes == {1, 21}


def test_two_refreshes_at_once_fetch_each_feed_once(tmp_path: Path) -> None:
    gate = Event()
    with FeedServer({"/a": Response(body=rss(("Un", "Deux")).body, gate=gate)}) as server:
        follow(tmp_path, server.url("/a"))
        with start(tmp_path, "refresh", "--json") as first:
            wait_until(lambda: server.paths() == ["/a"])
            assert run_json(tmp_path, "refresh", "--all")["feeds"] == 0
            assert run(tmp_path, "refresh", "--all") == HELD
            gate.set()
            report = json.loads(first.communicate(timeout=60)[0])
    assert (report["feeds"], report["new_entries"]) == (1, 1)
    assert server.paths() == ["/a"]


@pytest.mark.parametrize("content", ["", "not XML at all", "<html><body>page</body></html>"])
def test_a_file_that_is_no_opml(tmp_path: Path, content: str) -> None:
    file = tmp_path / "bad.opml"
    file.write_text(content)
    error = run(tmp_path, "import", str(file), status=1)
    assert f"{file}: The file " in error
    assert "[opml]" in error
    assert "standard input: The file " in run(tmp_path, "import", "-", status=1, stdin=content)


def test_an_opml_file_above_the_limit_is_named(tmp_path: Path) -> None:
    file = tmp_path / "large.opml"
    file.write_bytes(b"<opml><body>" + b" " * 20_000_000)
    assert f"{file}: The file is larger than 20,000,000 bytes" in run(tmp_path, "import", str(file), status=1)


def test_an_opml_file_without_a_feed_is_told(tmp_path: Path) -> None:
    file = tmp_path / "feeds.opml"
    file.write_text('<opml version="2.0"><body/></opml>')
    assert f"{file}: there is no feed in it" in run(tmp_path, "import", str(file), status=1)
    file.write_text(
        '<opml version="2.0"><body><outline text="No" xmlUrl="file:///etc/passwd"/></body></opml>'
    )
    assert "no feed in it" not in run(tmp_path, "import", str(file), status=1)


def test_an_entry_that_is_not_there(tmp_path: Path) -> None:
    assert "entry 999" in run(tmp_path, "related", "999", status=1)
    assert "https://x.example/" in run(tmp_path, "related", "https://x.example/", status=1)


def test_an_archive_is_linked_line_by_line(tmp_path: Path) -> None:
    articles = [
        {"id": "a", "title": "Orlov à Pyongyang", "content": STORY, "language": "fr"},
        {"id": 2, "title": "Pâte de coings", "content": "Éplucher les coings, cuire.", "language": "fr"},
        {"id": "c", "title": "La parade de Pyongyang", "content": STORY + " Orlov salue.", "language": "fr"},
    ]
    file = tmp_path / "articles.jsonl"
    file.write_text("\n".join(json.dumps(article) for article in articles))
    lines = [json.loads(line) for line in run(tmp_path, "link", str(file), "--no-gate").splitlines()]
    assert [line["id"] for line in lines] == ["a", 2, "c"]
    file.write_text('{"id": 1, "title": "x"}\n{"id": 1}')
    assert "line 2" in run(tmp_path, "link", str(file), status=1)
    file.write_text("\n")
    assert f"{file}: holds no article" in run(tmp_path, "link", str(file), status=1)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["related", "9" * 5000], "no entry has this id or address"),
        (["related", "9" * 18], "the library holds no such entry"),
        (["--library", "~nosuchuser/x", "feeds"], "~nosuchuser/x: this user has no home folder"),
        (["serve", "--host", "a..b"], "host a..b: no such address (not a proper name)"),
    ],
)
def test_what_nobody_means_is_answered_in_a_sentence(
    tmp_path: Path, arguments: list[str], sentence: str
) -> None:
    assert sentence in run(tmp_path, *arguments, status=1)


def test_a_limit_out_of_bounds_is_no_command(tmp_path: Path) -> None:
    assert "--limit" in run(tmp_path, "entries", "--limit", "9" * 30, status=2)


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"port {port}" in run(tmp_path, "serve", "--port", str(port), status=1)


def test_the_server_tells_its_address_and_stops_on_request(tmp_path: Path) -> None:
    with start(tmp_path, "serve", "--port", "0") as server:
        try:
            assert server.stdout is not None
            address = server.stdout.readline().split()[2]
            with urllib.request.urlopen(address + "health", timeout=10) as answer:
                assert json.load(answer)["status"] == "ok"
        finally:
            server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=20) == 0


@pytest.mark.parametrize("seconds", [0.0, 0.7, 1.5])
def test_a_demonstration_that_is_told_to_stop_leaves_nothing(tmp_path: Path, seconds: float) -> None:
    temporary = tmp_path / "temporary"
    with start(tmp_path, "demo", "--port", "0") as demo:
        wait_until(lambda: any(temporary.glob("lire-aussi-demo-*/library.sqlite")))
        time.sleep(seconds)
        demo.send_signal(signal.SIGTERM)
        demo.communicate(timeout=20)
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("request_to_stop", [signal.SIGTERM, signal.SIGINT])
def test_a_refresh_that_is_told_to_stop_gives_its_feeds_back(
    tmp_path: Path, request_to_stop: signal.Signals
) -> None:
    with FeedServer({"/a": Response(body=rss(("Un", "Deux")).body, latency=30.0)}) as server:
        follow(tmp_path, server.url("/a"))
        with start(tmp_path, "refresh") as refresh:
            wait_until(lambda: server.paths() == ["/a"])
            refresh.send_signal(request_to_stop)
            _, errors = refresh.communicate(timeout=20)
    assert refresh.returncode != 0
    assert "Traceback" not in errors, errors
    with closing(sqlite3.connect(tmp_path / "library.sqlite")) as library:
        assert library.execute("SELECT lease_holder, failures FROM feed_states").fetchall() == [(None, 0)]


def test_a_server_that_is_told_to_stop_waits_for_no_fetch(tmp_path: Path) -> None:
    with FeedServer({"/a": Response(body=rss(("Un", "Deux")).body, latency=30.0)}) as server:
        follow(tmp_path, server.url("/a"))
        with start(tmp_path, "serve", "--port", "0") as pages:
            wait_until(lambda: server.paths() == ["/a"])
            pages.send_signal(signal.SIGTERM)
            _, errors = pages.communicate(timeout=8)
    assert pages.returncode == 0
    assert "Traceback" not in errors, errors


def test_a_feed_of_50_megabytes_is_refused(tmp_path: Path) -> None:
    with FeedServer({"/a": Response(body=b"<rss>" + b"x" * 50_000_000)}) as server:
        assert "fetch.max_bytes in the settings. [too-large]" in run(
            tmp_path, "add", server.url("/a"), status=1
        )


def test_a_host_that_does_not_answer_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert "connection refused" in run(tmp_path, "add", f"http://127.0.0.1:{port}/", status=1)


def test_a_library_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("not a folder")
    assert str(file) in run(file / "library", "feeds", status=1)
    error = run(file, "feeds", status=1)
    assert f"{file}: the library cannot be made there" in error
    assert "[storage]" in error


def test_a_library_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    run(tmp_path, "migrate")
    with closing(sqlite3.connect(tmp_path / "library.sqlite")) as library, library:
        library.execute("UPDATE alembic_version SET version_num = '9999'")
    assert "newer version" in run(tmp_path, "feeds", status=1)


def test_a_library_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "library.sqlite").touch()
    (tmp_path / "library.sqlite-journal").mkdir()  # refuses root too, which a file's mode does not
    assert str(tmp_path / "library.sqlite") in run(tmp_path, "migrate", status=1)
