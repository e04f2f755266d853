"""The pages over a real library, for tests: a client that speaks a language and knows the forms' token.

with make_site(tmp_path) as site:
    assert site.get("/").status_code == 200
    site.post("/entries/1/star", starred="1")
"""

from __future__ import annotations

import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Self

from library import NOW, make_library
from waitress.server import create_server

from aggregator import accounts
from aggregator.completing import Completer
from aggregator.feeds.documents import DocumentReader
from aggregator.pictures import Pictures
from aggregator.policies import FetchLimits, PicturePolicy, RefreshPolicy
from aggregator.subscribing import Subscriber
from web import Services, create_app
from web.translations.build import compile_catalogues

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from aggregator.storage.engine import Database

TRANSLATIONS = Path(__file__).parents[1] / "web" / "translations"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    database: Database
    documents: DocumentReader
    pictures: Pictures
    app: Flask
    client: FlaskClient
    refreshes: list[bool] = field(default_factory=list)
    """What was asked of `request_refresh`."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.documents.__exit__()
        self.pictures.__exit__()
        self.database.close()

    def get(self, path: str, language: str = "en") -> TestResponse:
        return self.client.get(path, headers={"Accept-Language": language}, buffered=True)

    def post(self, path: str, *, language: str = "en", **fields: object) -> TestResponse:
        """Send a form as one of our pages would."""
        data = fields | {"csrf_token": self.token()}
        answer = self.client.post(path, data=data, headers={"Accept-Language": language})
        answer.request.environ["wsgi.input"].close()  # a large form lies on the disk
        return answer

    def token(self) -> str:
        return read_token(self.client.get("/import").text)


def read_token(page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found is not None
    return found[1]


@cache
def _compile_once() -> None:
    compile_catalogues(TRANSLATIONS)


def make_site(folder: Path) -> Site:
    """Its subscriber may fetch from this machine, so that a loopback server can play the Internet."""
    _compile_once()
    database = make_library(folder)
    documents = DocumentReader(workers=1, timeout=timedelta(seconds=10))
    limits = FetchLimits(allowed_networks=("127.0.0.0/8",))
    refreshes: list[bool] = []
    subscriber = Subscriber(database=database, documents=documents, limits=limits, version="0")
    pictures = Pictures(folder / "pictures", PicturePolicy(), limits, version="0")
    completer = Completer(
        database=database, documents=documents, limits=limits, policy=RefreshPolicy(), version="0"
    )
    app = create_app(
        Services(
            database=database,
            subscriber=subscriber,
            completer=completer,
            request_refresh=refreshes.append,
            secret_key=b"only for tests",
            pictures=pictures,
            clock=lambda: NOW,
        )
    )
    return Site(
        database=database,
        documents=documents,
        pictures=pictures,
        app=app,
        client=app.test_client(),
        refreshes=refreshes,
    )


@contextmanager
def serve(site: Site, prefix: str = "") -> Iterator[str]:
    """Where the pages are served, by a real server on the loopback, perhaps under a path of their own."""
    server = create_server(site.app, host="127.0.0.1", port=0, threads=4, url_prefix=prefix)
    thread = threading.Thread(target=server.run, name="pages", daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.effective_port}{prefix}"
    server.trigger.pull_trigger(server.close)  # in its own thread, which may be waiting for its sockets
    thread.join(10)
    server.task_dispatcher.shutdown()
    assert not thread.is_alive()


def api_key(site: Site, person: int, scope: str = "write") -> dict[str, str]:
    with site.database.write() as connection:
        key = accounts.make_key(connection, person, name="test", scope=scope, now=NOW)
    return {"Authorization": f"Bearer {key}"}
