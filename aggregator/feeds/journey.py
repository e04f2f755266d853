"""One fetch on its way through redirects: where it is, where it has been, how much time it has left.

Promises: it goes to no address twice and through no more redirects than allowed; validators stay with the
origin they came from; its clock runs only while somebody works for it.
Refuses: to connect. Whether an address may be fetched is judged in `addresses`.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urljoin, urlsplit

from aggregator.domain import Validators
from aggregator.errors import AddressRefused, BadStatus, FetchError
from aggregator.feeds.addresses import normalize_url

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aggregator.policies import FetchLimits

Failure = TypeVar("Failure", bound=FetchError)

NO_VALIDATORS = Validators()
_PERMANENT = frozenset((HTTPStatus.MOVED_PERMANENTLY, HTTPStatus.PERMANENT_REDIRECT))


class Journey:
    """From `url` on. `target` is the address to ask now."""

    def __init__(self, url: str, validators: Validators, limits: FetchLimits) -> None:
        self.target = normalize_url(url)
        self._url = url
        self._visited = [self.target]
        self._statuses: list[int] = []
        self._validators = validators
        self._limits = limits
        self._seconds_left = limits.timeout.total_seconds()

    @property
    def host(self) -> str:
        return urlsplit(self.target).hostname or ""

    @property
    def moved(self) -> bool:
        """Whether it was redirected, and each time for good."""
        return bool(self._statuses) and _PERMANENT.issuperset(self._statuses)

    @property
    def validators(self) -> Validators:
        """What may be sent to `target`: another origin has no business with what the first one said."""
        return self._validators if _origin(self.target) == _origin(self._visited[0]) else NO_VALIDATORS

    @asynccontextmanager
    async def time_counts(self) -> AsyncIterator[None]:
        """Let the time pass; raise `TimeoutError` when none is left."""
        clock = asyncio.get_running_loop().time
        started = clock()
        try:
            async with asyncio.timeout(self._seconds_left):
                yield
        finally:
            self._seconds_left -= clock() - started

    def follow(self, status: int, location: str) -> None:
        """Go where a redirect leads; raise where that is nowhere, in a circle, or once too often."""
        if not location:
            raise self._dead_end(status, "it redirects without saying where to", "redirect-nowhere")
        target = self._resolve(location)
        if target in self._visited:
            raise self._dead_end(status, "it redirects in a circle", "redirect-loop")
        if len(self._visited) > self._limits.max_redirects:
            raise self._dead_end(
                status, f"it redirects more than {self._limits.max_redirects} times", "redirect-loop"
            )
        self.target = target
        self._visited.append(target)
        self._statuses.append(status)

    def failure(self, kind: type[Failure], detail: str, *, advice: str | None = None) -> Failure:
        """An error about the URL that was asked for, which says how far the fetch had come."""
        on_its_way = "" if self.target == self._visited[0] else f"redirected to {self.target}: "
        return kind(self._url, on_its_way + detail, advice=advice)

    def _resolve(self, location: str) -> str:
        try:
            return normalize_url(urljoin(self.target, location))
        except AddressRefused as error:
            detail, reason = error.detail, error.reason
        except ValueError:
            detail, reason = "it is not a proper address", "bad-address"
        words = f"it redirects to an address that is not fetched: {detail}"
        raise self.failure(AddressRefused, words).because(reason)

    def _dead_end(self, status: int, detail: str, reason: str) -> BadStatus:
        error = self.failure(BadStatus, detail).because(reason)
        error.status = status
        return error


def _origin(url: str) -> tuple[str, str]:
    # A normalized URL spells one origin in one way.
    split = urlsplit(url)
    return split.scheme, split.netloc
