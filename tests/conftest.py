"""What tests of several folders ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from library import make_library
from postgres import fresh_library, serve_postgres

from aggregator.storage.engine import Database

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The address of a PostgreSQL database, for `emptied`."""
    with serve_postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty library; each test is run on both databases. Files that need only one have their own."""
    if request.param == "sqlite":
        found = make_library(tmp_path)
    else:
        found = Database.open(fresh_library(request.getfixturevalue("server")))
    with found:
        yield found
