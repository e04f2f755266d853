"""What tests of several folders ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from postgres import emptied, serve_postgres

from aggregator.storage.engine import Database, sqlite_url

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
        url = sqlite_url(tmp_path / "library.sqlite")
    else:
        url = emptied(request.getfixturevalue("server"))
    with Database.open(url) as found:
        yield found
