"""Which sites may be asked for a page just now: by this process, whoever asks.

Promises: one page of a site at a time, a few sites at a time, and none of a site that wants to be left alone.
Who comes too early is told so at once; nobody waits here. (Feeds take turns in `turns.py`, and do wait.)
"""

from __future__ import annotations

from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aggregator.errors import SiteBusy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

_SITES_AT_ONCE = 8


def site_of(url: str) -> str:
    """What is no proper address stands alone: it is refused when it is fetched."""
    try:
        return urlsplit(url).hostname or url
    except ValueError:
        return url


class Sites:
    """Shared by all threads that ask for pages."""

    def __init__(self, at_once: int = _SITES_AT_ONCE) -> None:
        self._at_once = at_once
        self._asked: set[str] = set()
        self._alone_until: dict[str, datetime] = {}
        self._lock = Lock()

    @contextmanager
    def ask(self, site: str, *, now: datetime) -> Iterator[None]:
        """Hold the site while it is asked. Raises `SiteBusy` where that may not be."""
        with self._lock:
            self._refuse(site, now)
            self._asked.add(site)
        try:
            yield
        finally:
            with self._lock:
                self._asked.remove(site)

    def leave_alone(self, site: str, *, until: datetime) -> None:
        with self._lock:
            self._alone_until[site] = until

    def wants_peace(self, site: str, *, now: datetime) -> bool:
        with self._lock:
            until = self._alone_until.get(site)
            return until is not None and until > now

    def _refuse(self, site: str, now: datetime) -> None:
        self._alone_until = {name: until for name, until in self._alone_until.items() if until > now}
        if site in self._alone_until:
            raise SiteBusy(site, "it wants to be left alone for a while").because("site-tired")
        if site in self._asked or len(self._asked) >= self._at_once:
            raise SiteBusy(site, "another of its pages is being fetched").because("site-asked")
