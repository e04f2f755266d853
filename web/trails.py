"""The path by which a person came to an article: along the links of "Lire aussi", in the address itself.

Nothing is stored. Whatever an address holds is a trail: what means nothing is left out, and only titles of
entries that the person may see are ever shown.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aggregator.storage.verdicts import list_seen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from aggregator.domain import Headline

MAX_STEPS = 8
_ID = re.compile(r"[1-9]\d{0,9}", re.ASCII)
_LARGEST_ID = 2**31 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail:
    """Ids of entries, the first one read first."""

    steps: tuple[int, ...] = ()

    @property
    def via(self) -> str | None:
        """The argument of an address, or field of a form, of that name."""
        return ".".join(map(str, self.steps)) or None

    def until(self, entry_id: int) -> Trail:
        """The way to that entry; the whole trail where it is not on it."""
        if entry_id not in self.steps:
            return self
        return Trail(steps=self.steps[: self.steps.index(entry_id)])

    def on(self, entry_id: int, other_id: int) -> Trail:
        """The trail of the other, followed from the entry. Where it comes around, it is cut."""
        return Trail(steps=(*self.until(entry_id).steps, entry_id)[-MAX_STEPS:]).until(other_id)


def read_trail(arguments: Mapping[str, str]) -> Trail:
    steps: list[int] = []
    for piece in arguments.get("via", "")[:200].split("."):
        if _ID.fullmatch(piece) and int(piece) <= _LARGEST_ID and int(piece) not in steps:
            steps.append(int(piece))
    return Trail(steps=tuple(steps[-MAX_STEPS:]))


def name_steps(connection: Connection, reader: int, trail: Trail) -> tuple[Headline, ...]:
    """In the trail's order; what the person may not see, or sees no more, is left out."""
    found = {headline.id: headline for headline in list_seen(connection, reader, trail.steps)}
    return tuple(found[step] for step in trail.steps if step in found)
