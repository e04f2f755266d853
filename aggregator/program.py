"""The program put together for one library: its folder, settings, database and use-cases.

What is dear to import (numba) is imported when something really has to be linked.
"""

from __future__ import annotations

import secrets
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from importlib.metadata import version
from tempfile import NamedTemporaryFile
from threading import Event
from typing import TYPE_CHECKING, Any, Self

from aggregator.errors import StorageError
from aggregator.holding import hold
from aggregator.storage import users
from aggregator.storage.engine import Database, sqlite_url
from aggregator.storage.terms import count_pending
from config.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from aggregator.completing import Completer
    from aggregator.feeds.documents import DocumentReader
    from aggregator.linking import Linker
    from aggregator.pictures import Pictures
    from aggregator.pruning import Pruner
    from aggregator.refreshing import Refresher
    from aggregator.subscribing import Subscriber

DATABASE_NAME = "library.sqlite"

_KEY_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a library is. `database` is an address; without one it is a file in the folder."""

    folder: Path
    database: str | None = None

    @property
    def database_url(self) -> str:
        return self.database or sqlite_url(self.folder / DATABASE_NAME)

    def prepare(self) -> None:
        """Make the folder, readable by its owner alone."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            advice = "Choose another folder with --library."
            raise StorageError(
                str(self.folder), f"the library cannot be made there ({error.strerror})", advice=advice
            ) from error


class Program:
    """One open library. Use as a context manager; children and connections end with it."""

    def __init__(self, place: Place, settings: Settings) -> None:
        place.prepare()
        self.place = place
        self.settings = settings
        self.version = version("lire-aussi")
        self.stopping = Event()
        self._resources = ExitStack()
        self._resources.enter_context(hold(place.folder))
        self.database = self._resources.enter_context(Database.open(place.database_url))

    @classmethod
    def open(cls, place: Place) -> Self:
        place.prepare()  # before a file that stands in the folder's place is blamed on the settings
        return cls(place, Settings.load(place.folder))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._resources.close()

    @cached_property
    def owner_id(self) -> int:
        with self.database.read() as connection:
            return users.get_owner(connection).id

    @cached_property
    def _pages(self) -> DocumentReader:
        """Apart from the refresher's children: what a person waits for does not wait for a refresh."""
        from aggregator.feeds.documents import DocumentReader

        timeout = self.settings.refresh.parse_timeout
        return self._resources.enter_context(DocumentReader(workers=1, timeout=timeout))

    @cached_property
    def subscriber(self) -> Subscriber:
        from aggregator.subscribing import Subscriber

        return Subscriber(
            database=self.database, documents=self._pages, limits=self.settings.fetch, version=self.version
        )

    @cached_property
    def completer(self) -> Completer:
        from aggregator.completing import Completer

        return Completer(
            database=self.database,
            documents=self._pages,
            limits=self.settings.fetch,
            policy=self.settings.refresh,
            version=self.version,
            stopping=self.stopping,
        )

    @cached_property
    def refresher(self) -> Refresher:
        from aggregator.feeds.documents import DocumentReader
        from aggregator.icons import IconCollector
        from aggregator.refreshing import Refresher

        policy = self.settings.refresh
        documents = self._resources.enter_context(
            DocumentReader(workers=policy.parse_workers, timeout=policy.parse_timeout)
        )
        collector = IconCollector(
            database=self.database,
            documents=documents,
            limits=self.settings.fetch,
            version=self.version,
            stopping=self.stopping,
        )
        return Refresher(
            database=self.database,
            documents=documents,
            link=self.link_pending,
            limits=self.settings.fetch,
            policy=policy,
            version=self.version,
            pushes=bool(self.settings.pages.public_url),
            complete_texts=self.completer.complete_waiting,
            collect_icons=collector.collect,
            stopping=self.stopping,
        )

    def renew_pushes(self) -> None:
        """Ask the hubs whose turn it is, where the Internet reaches these pages."""
        if not self.settings.pages.public_url:
            return
        from aggregator.pushing import Pusher

        pusher = Pusher(
            database=self.database,
            limits=self.settings.fetch,
            version=self.version,
            public_url=self.settings.pages.public_url,
        )
        pusher.renew(now=datetime.now(UTC))

    @cached_property
    def pruner(self) -> Pruner:
        from aggregator.pruning import Pruner

        return Pruner(database=self.database, policy=self.settings.retention, stopping=self.stopping)

    @cached_property
    def pictures(self) -> Pictures:
        from aggregator.pictures import Pictures

        folder = self.place.folder / "cache" / "pictures"
        pictures = Pictures(folder, self.settings.pictures, self.settings.fetch, version=self.version)
        return self._resources.enter_context(pictures)

    @cached_property
    def linker(self) -> Linker:
        from aggregator.linking import Linker

        return Linker(
            self.database,
            self.settings.related,
            cache=self.place.folder / "cache" / "links",
            stopping=self.stopping,
        )

    def link_pending(self, on_progress: Callable[[int], None] | None = None) -> int:
        """Link what waits; see `Linker.link_pending`."""
        with self.database.read() as connection:
            if not count_pending(connection):
                return 0
        return self.linker.link_pending(on_progress=on_progress)

    def allow(self, *networks: str) -> None:
        """Admit these networks too, for this run."""
        self._set_fetch(allowed_networks=(*self.settings.fetch.allowed_networks, *networks))

    def leave_icons(self) -> None:
        """Ask no site for its icon in this run."""
        self._set_fetch(icons=False)

    def _set_fetch(self, **changes: Any) -> None:
        fetch = replace(self.settings.fetch, **changes)
        self.settings = self.settings.model_copy(update={"fetch": fetch})

    def secret_key(self) -> bytes:
        """What signs sessions; made once, kept in the folder. One that is cut short is made again."""
        path = self.place.folder / "secret.key"
        try:
            if path.exists() and path.stat().st_size < _KEY_BYTES:
                path.unlink()
            if not path.exists():
                _make_key(path)
            return path.read_bytes()
        except OSError as error:
            raise StorageError(
                str(path),
                f"cannot be read or written ({error.strerror})",
                advice="Give this user the right to both, or delete the file: readers then log in anew.",
            ) from error


def _make_key(path: Path) -> None:
    """Whole or not at all, for its owner alone; that of a process that was quicker stays."""
    with NamedTemporaryFile(dir=path.parent, prefix=f"{path.name}.") as file, suppress(FileExistsError):
        file.write(secrets.token_bytes(_KEY_BYTES))
        file.flush()
        path.hardlink_to(file.name)
