"""`lire-aussi user …`, and the link that a server prints as long as nobody has a password."""

from __future__ import annotations

import http.cookiejar
import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
from library import NOW, make_library, owner
from typer.testing import CliRunner
from webapp import read_token

from aggregator import accounts
from aggregator.cli import app
from aggregator.errors import AccountError, AggregatorError, NotFound
from aggregator.program import DATABASE_NAME
from aggregator.storage import users
from aggregator.storage.engine import Database, sqlite_url

PASSWORD = "a long password"


@pytest.fixture
def library(tmp_path: Path) -> Path:
    make_library(tmp_path).close()
    (tmp_path / "library.db").rename(tmp_path / DATABASE_NAME)
    return tmp_path


def user(library: Path, *arguments: str, typed: str = "") -> str:
    """What is printed. `typed` comes from standard input; errors come as they are."""
    result = CliRunner().invoke(app, ["--library", str(library), "user", *arguments], input=typed)
    if isinstance(result.exception, AggregatorError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def accounts_of(library: Path) -> dict[str, tuple[str, bool]]:
    found = json.loads(user(library, "list", "--json"))
    return {one["name"]: (one["role"], one["has_password"]) for one in found}


def is_password(library: Path, name: str, password: str) -> bool:
    with Database.open(sqlite_url(library / DATABASE_NAME)) as database, database.read() as connection:
        return accounts.is_password(connection, users.get_user(connection, name).id, password)


def test_accounts_come_and_go(library: Path) -> None:
    assert accounts_of(library) == {"owner": ("owner", False)}
    assert "ana" in user(library, "add", "ana", typed=f"{PASSWORD}\n")
    user(library, "add", "Béa", "--owner", typed=PASSWORD)
    assert accounts_of(library) == {
        "owner": ("owner", False),
        "ana": ("reader", True),
        "Béa": ("owner", True),
    }
    assert "owner  owner  (no password)\nana  reader\n" in user(library, "list")
    assert is_password(library, "ana", PASSWORD)
    user(library, "remove", "ana")
    assert "ana" not in accounts_of(library)


def test_a_password_is_typed_or_read_and_ends_the_sessions(library: Path) -> None:
    with Database.open(sqlite_url(library / DATABASE_NAME)) as database:
        reader = owner(database)
        with database.write() as connection:
            accounts.log_in(connection, reader, browser="", now=NOW)
        assert PASSWORD not in user(library, "password", "owner", typed=f"{PASSWORD}\r\n")
        with database.read() as connection:
            assert users.list_sessions(connection, reader) == ()
    assert is_password(library, "owner", PASSWORD)


@pytest.mark.parametrize(
    ("arguments", "typed", "kind"),
    [
        (("add", "owner"), PASSWORD, AccountError),  # there is one
        (("add", "ana"), "short", AccountError),
        (("add", "ana"), "", AccountError),
        (("add", "  "), PASSWORD, AccountError),
        (("add", "a\x1bna"), PASSWORD, AccountError),
        (("password", "nobody"), PASSWORD, NotFound),
        (("remove", "nobody"), "", NotFound),
        (("remove", "owner"), "", AccountError),  # the last owner
    ],
)
def test_what_cannot_be_is_said_and_changes_nothing(
    library: Path, arguments: tuple[str, ...], typed: str, kind: type[AggregatorError]
) -> None:
    with pytest.raises(kind):
        user(library, *arguments, typed=typed)
    assert accounts_of(library) == {"owner": ("owner", False)}


# ── the link of the first start ──────────────────────────────────────────────────────────────────


@pytest.mark.slow
def test_the_link_of_the_first_start_sets_a_password_once(library: Path) -> None:
    """Behind a proxy, as where it listens elsewhere than on this machine."""
    command = [
        str(Path(sys.executable).with_name("lire-aussi")),
        "--library",
        str(library),
        "serve",
        "--port",
        "0",
    ]
    environment = os.environ | {"LIRE_AUSSI_PAGES__TRUSTED_PROXIES": "127.0.0.9"}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as server:
        try:
            assert server.stdout is not None
            address = server.stdout.readline().split()[2]
            link = re.search(r"http://\S+/setup/\S+", server.stdout.readline())
            assert link is not None
            jar = http.cookiejar.CookieJar()
            browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
            with pytest.raises(urllib.error.HTTPError, match="401"):
                browser.open(address)
            token = read_token(browser.open(link[0]).read().decode())
            fields = {"new": PASSWORD, "again": PASSWORD, "csrf_token": token}
            page = browser.open(link[0], urllib.parse.urlencode(fields).encode())
            assert page.url == address
            with pytest.raises(urllib.error.HTTPError, match="404"):
                browser.open(link[0])
            strangers = urllib.request.build_opener()
            assert strangers.open(address).url == f"{address}login"
        finally:
            server.send_signal(signal.SIGTERM)
    assert is_password(library, "owner", PASSWORD)
