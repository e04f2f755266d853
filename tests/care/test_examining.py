"""The doctor, as a person calls it."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from aggregator.examining import _versions
from aggregator.program import DATABASE_NAME, Place, Program
from config.settings import Settings

COMMAND = str(Path(sys.executable).with_name("lire-aussi"))


def doctor(folder: Path, *arguments: str) -> tuple[int, dict[str, list[str]]]:
    """(exit status, states by name)."""
    done = subprocess.run(
        [COMMAND, "doctor", "--json", *arguments],
        env=os.environ | {"LIRE_AUSSI_LIBRARY": str(folder)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "Traceback" not in done.stderr, done.stderr
    states: dict[str, list[str]] = {}
    for finding in json.loads(done.stdout):
        states.setdefault(finding["name"], []).append(finding["state"])
        assert finding["said"]
        assert finding["state"] == "ok" or finding["advice"]
    return done.returncode, states


@pytest.fixture
def library(tmp_path: Path) -> Path:
    folder = tmp_path / "library"
    with Program(Place(folder=folder), Settings()):
        return folder


def change(library: Path, statement: str) -> None:
    with closing(sqlite3.connect(library / DATABASE_NAME)) as connection:
        connection.execute(statement)
        connection.commit()


def test_a_new_library_is_well(library: Path) -> None:
    for arguments in ((), ("--full",)):
        status, states = doctor(library, *arguments)
        assert status == 0
        assert states.keys() >= {"python", "libraries", "permissions", "disk", "clock", "schema"}
        bad = {name for name, found in states.items() if found != ["ok"]} - {"sqlite", "disk"}
        assert bad == set()


def test_looking_makes_no_library(tmp_path: Path) -> None:
    assert doctor(tmp_path / "none")[1]["library"] == ["warning"]
    assert not (tmp_path / "none").exists()


def test_what_is_wrong_is_a_problem_and_the_exit_status(library: Path) -> None:
    change(
        library, "INSERT INTO refresh_runs VALUES (1, '2099-01-01', '2099-01-01 00:00:00', NULL, 0,0,0,0,0)"
    )
    assert doctor(library) == (1, doctor(library)[1] | {"clock": ["problem"]})
    change(library, "UPDATE alembic_version SET version_num = '9999'")
    assert doctor(library)[1]["schema"] == ["problem"]


def test_damage_is_a_problem(library: Path) -> None:
    data = bytearray((library / DATABASE_NAME).read_bytes())
    data[4096:12288] = os.urandom(8192)
    (library / DATABASE_NAME).write_bytes(data)
    status, states = doctor(library)
    assert (status, set(states["integrity"])) == (1, {"problem"})


def test_what_others_may_read_is_a_warning(library: Path) -> None:
    library.chmod(0o755)
    status, states = doctor(library)
    assert (status, states["permissions"]) == (0, ["warning"])


def test_settings_that_make_no_sense_are_said(library: Path) -> None:
    (library / "settings.toml").write_text("[refresh]\nmin_interval = 90000\nlease = 20\n")
    assert doctor(library)[1]["settings"] == ["warning", "warning"]
    (library / "settings.toml").write_text("[refresh]\nnonsense = 1\n")
    assert doctor(library)[1]["settings"] == ["problem"]


def test_a_failing_feed_is_a_warning(library: Path) -> None:
    change(
        library, "INSERT INTO feeds (id, url, title, description) VALUES (1, 'https://a.example/', 'A', '')"
    )
    change(
        library,
        "INSERT INTO feed_states (feed_id, next_fetch_at, interval_seconds, failures, moved_times)"
        " VALUES (1, '2020-01-01 00:00:00', 3600, 3, 0)",
    )
    _, states = doctor(library)
    assert states["feeds"] == states["refresh"] == ["warning"]


@pytest.mark.parametrize(
    ("version", "state"), [((3, 40, 1), "warning"), ((3, 51, 2), "warning"), ((3, 51, 3), "ok")]
)
def test_versions_of_sqlite_with_the_bug_are_named(version: tuple[int, ...], state: str) -> None:
    assert [finding.state for finding in _versions(version)][-1] == state
