"""The program put together for one library."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from feedserver import FeedServer, Response
from pictures import picture

from aggregator.errors import StorageError
from aggregator.program import Place, Program
from aggregator.storage import icons
from config.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    with Program(Place(folder=tmp_path), Settings()) as found:
        yield found


def test_the_key_is_kept_for_its_owner_alone(program: Program, tmp_path: Path) -> None:
    key = program.secret_key()
    assert len(key) == 32
    assert program.secret_key() == key
    assert (tmp_path / "secret.key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.glob("secret*")] == ["secret.key"]


def test_a_key_that_is_cut_short_is_made_again(program: Program, tmp_path: Path) -> None:
    (tmp_path / "secret.key").write_bytes(b"short")
    key = program.secret_key()
    assert len(key) == 32
    assert program.secret_key() == key


def test_a_key_that_cannot_be_read_is_named(program: Program, tmp_path: Path) -> None:
    (tmp_path / "secret.key").mkdir()  # refuses root too
    with pytest.raises(StorageError, match=r"secret\.key: cannot be read or written"):
        program.secret_key()


def test_the_icon_follows_the_refresh_of_a_new_feed(program: Program) -> None:
    feed = b'<rss version="2.0"><channel><title>A</title><item><title>One</title></item></channel></rss>'
    program.allow("127.0.0.0/8")
    routes = {"/feed": Response(body=feed), "/favicon.ico": Response(body=picture())}
    with FeedServer(routes) as server:
        added = program.subscriber.add(program.owner_id, server.url("/feed"), now=datetime.now(UTC))
        report = program.refresher.refresh()
        assert (report.updated, report.failed, report.new_entries) == (1, 0, 1)
        asked = len(server.requests)
        program.refresher.refresh()
        assert len(server.requests) == asked
    with program.database.read() as connection:
        assert icons.icon_digests(connection, [added.feed.id])
