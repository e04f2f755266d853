"""S9: canary secrets through real runs; none is in a log, an error or an export. And proxies."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from feedserver import FeedServer, Response

from config.logging import redact

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMAND = str(Path(sys.executable).with_name("lire-aussi"))
CANARY = "c4n4ryS3cret"


@pytest.mark.parametrize(
    "line",
    [
        f"fetch https://me:{CANARY}@a.example/feed failed",
        f"fetch https://{CANARY}@a.example/",
        f"postgresql://me:{CANARY}@host/db",
        f"GET /feed?token={CANARY}&x=1",
        f"GET /feed?x=1&api_key={CANARY}",
        f"Cookie: lire-aussi={CANARY}; b={CANARY}",
        f"Set-Cookie: lire-aussi={CANARY}",
        f"{{'Authorization': 'Bearer {CANARY}'}}",
        f"Authorization: Basic {CANARY}",
        f'{{"password": "{CANARY}"}}',
        f"password={CANARY}",
        f"secret_key = '{CANARY}'",
        f"POST /push/{CANARY}",
    ],
)
def test_secrets_are_taken_out(line: str) -> None:
    assert CANARY not in redact(line)


def test_the_rest_stays() -> None:
    line = "refresh: 3 feeds, 1 failed: https://a.example/feed?page=2 says 404 (key figures: none)"
    assert redact(line) == line


@contextmanager
def served(folder: Path, **settings: str) -> Iterator[tuple[str, list[str]]]:
    """A server's address, and its standard error once it has ended."""
    errors: list[str] = []
    with (folder / "stderr").open("w+") as log:
        process = subprocess.Popen(
            [COMMAND, "serve", "--port", "0"],
            env=os.environ
            | {"LIRE_AUSSI_LIBRARY": str(folder), "LIRE_AUSSI_FETCH__ALLOWED_NETWORKS": "127.0.0.0/8"}
            | settings,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        with process:
            try:
                assert process.stdout is not None
                found = re.search(r"http://\S+", process.stdout.readline())
                assert found is not None
                yield found[0], errors
            finally:
                process.send_signal(signal.SIGTERM)
                process.wait(timeout=20)
        log.seek(0)
        errors.append(log.read())


def ask(url: str, **headers: str) -> tuple[int, str]:
    request = urllib.request.Request(url, headers={k.replace("_", "-"): v for k, v in headers.items()})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_canaries_of_a_real_run_are_nowhere(tmp_path: Path) -> None:
    broken = Response(status=500, body=CANARY.encode(), headers={"Set-Cookie": f"a={CANARY}"})
    with FeedServer({"/feed": broken}) as feeds:
        opml = tmp_path / "feeds.opml"
        address = feeds.url("/feed")
        opml.write_text(
            '<opml version="2.0"><body>'
            f'<outline text="A" xmlUrl="{address}?token={CANARY}"/>'
            f'<outline xmlUrl="{address.replace("//", f"//me:{CANARY}@")}"/></body></opml>'
        )
        said = command(tmp_path, "import", str(opml), "--json")
        assert said.count(CANARY) == 1  # the address that is followed is the person's own
        with served(tmp_path, LIRE_AUSSI_LOG_FORMAT="json", LIRE_AUSSI_LOG_LEVEL="DEBUG") as (url, errors):
            for path in ("", f"nowhere?password={CANARY}", f"search?q=x&token={CANARY}", f"push/{CANARY}"):
                _, page = ask(url + path, Cookie=f"lire-aussi={CANARY}", Authorization=f"Bearer {CANARY}")
                assert CANARY not in page
            deadline = time.monotonic() + 20
            while not feeds.requests and time.monotonic() < deadline:
                time.sleep(0.05)
        assert errors[0]
        assert CANARY not in errors[0]
        assert {"at", "level", "logger", "message"} <= json.loads(errors[0].splitlines()[0]).keys()


def command(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [COMMAND, *arguments],
        env=os.environ
        | {"LIRE_AUSSI_LIBRARY": str(folder), "LIRE_AUSSI_FETCH__ALLOWED_NETWORKS": "127.0.0.0/8"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert CANARY not in done.stderr
    return done.stdout


def test_a_password_of_the_database_is_never_said(tmp_path: Path) -> None:
    done = subprocess.run(
        [COMMAND, "--database", f"postgresql://me:{CANARY}@127.0.0.1:1/none", "feeds"],
        env=os.environ | {"LIRE_AUSSI_LIBRARY": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert CANARY not in done.stdout + done.stderr


def test_what_a_proxy_passed_on_is_not_from_this_machine(tmp_path: Path) -> None:
    with served(tmp_path) as (url, _):
        assert ask(f"{url}health")[0] in (200, 503)
        assert ask(f"{url}metrics", X_Forwarded_For="203.0.113.9")[0] == 404
        assert ask(url, X_Forwarded_Host="evil.example")[0] == 200
        assert "/news/static" not in ask(url, X_Forwarded_Prefix="/news")[1]


def test_a_named_proxy_is_believed(tmp_path: Path) -> None:
    named = {"LIRE_AUSSI_PAGES__TRUSTED_PROXIES": "127.0.0.1", "LIRE_AUSSI_PAGES__HOSTS": "news.example"}
    with served(tmp_path, **named) as (url, _):
        assert ask(f"{url}metrics", X_Forwarded_For="203.0.113.9")[0] == 404
        assert ask(url, X_Forwarded_Host="evil.example")[0] == 421
        status, page = ask(url, X_Forwarded_Host="news.example", X_Forwarded_Prefix="/news")
        assert status == 401  # others can come through a proxy: it asks who they are
        addresses = re.findall(r'(?:href|src|action)="(/[^"]*)"', page)
        assert addresses
        assert all(address.startswith("/news/") for address in addresses)
