"""A small step beside the main work: many things at once, and an end to it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable
    from datetime import timedelta
    from threading import Event

_LOOK_SECONDS = 0.1


async def run_step(
    work: Iterable[Coroutine[object, object, None]], *, within: timedelta, stopping: Event
) -> None:
    """Until all is done, the time is over or the program stops; what is not done then is given up.

    Raises the first error of the work.
    """
    tasks = [asyncio.create_task(part) for part in work]
    over = asyncio.create_task(_wait_for(stopping))
    done = asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.wait((done, over), timeout=within.total_seconds(), return_when="FIRST_COMPLETED")
    for task in (*tasks, over):
        task.cancel()
    await asyncio.gather(done, over, return_exceptions=True)
    for task in tasks:
        if not task.cancelled() and (error := task.exception()):
            raise error


async def _wait_for(stopping: Event) -> None:
    while not stopping.is_set():  # noqa: ASYNC110 (it is set by another thread)
        await asyncio.sleep(_LOOK_SECONDS)
