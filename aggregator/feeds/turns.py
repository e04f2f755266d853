"""Whose turn it is: one request at a time to a host, and so many in all.

Promises: turns are taken in the order they were asked for; who waits holds nothing that another needs.
Refuses: to know what is done with a turn.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Host:
    """A host while somebody uses it or waits for it."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.users = 0

    @property
    def others_wait(self) -> bool:
        return self.users > 1


class Turns:
    def __init__(self, concurrency: int) -> None:
        self._all = asyncio.Semaphore(concurrency)
        self._hosts: dict[str, Host] = {}

    @asynccontextmanager
    async def take(self, name: str) -> AsyncIterator[Host]:
        """Hold the turn of this host; one at a time has it.

        The host comes first: those who queue for a slow host must not keep the others' places.
        """
        host = self._hosts.setdefault(name, Host())
        host.users += 1
        try:
            async with host.lock, self._all:
                yield host
        finally:
            host.users -= 1
            if not host.users:
                del self._hosts[name]
