"""How linking goes: which generation of links this is, when it was rebuilt, what an article cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

from sqlalchemy import insert, select, update

from aggregator.storage.schema import linking_state

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkingState:
    """`articles` and `cpu_seconds` are those linked, and spent, since the last rebuild.

    `idf_articles` is how many articles there were when all weights of words were last renewed.
    """

    generation: str
    rebuilt_at: datetime | None
    linked_at: datetime | None
    articles: int
    idf_articles: int
    cpu_seconds: float

    @property
    def cpu_ms_per_article(self) -> float | None:
        return round(1_000 * self.cpu_seconds / self.articles, 3) if self.articles else None


def find_state(connection: Connection) -> LinkingState | None:
    """None where nothing was ever linked."""
    row = connection.execute(select(linking_state)).one_or_none()
    if row is None:
        return None
    return LinkingState(
        generation=row.generation,
        rebuilt_at=row.rebuilt_at,
        linked_at=row.linked_at,
        articles=row.articles,
        idf_articles=row.idf_articles,
        cpu_seconds=row.cpu_seconds,
    )


def begin_generation(connection: Connection, *, rebuilt_at: datetime | None) -> str:
    """Links are counted anew from here; caches of an older generation are worth nothing."""
    generation = uuid4().hex
    fresh = {
        "generation": generation,
        "rebuilt_at": rebuilt_at,
        "linked_at": None,
        "last_arrival": 0,
        "articles": 0,
        "idf_articles": 0,
        "cpu_seconds": 0.0,
    }
    if find_state(connection) is None:
        connection.execute(insert(linking_state).values(id=1, **fresh))
    else:
        connection.execute(update(linking_state).values(**fresh))
    return generation


def record_run(
    connection: Connection,
    articles: int,
    cpu_seconds: float,
    *,
    last_arrival: int,
    idf_articles: int,
    now: datetime,
) -> None:
    """Arrivals are never given twice in a generation, not even when the last one was removed."""
    connection.execute(
        update(linking_state).values(
            linked_at=now,
            articles=linking_state.c.articles + articles,
            last_arrival=last_arrival,
            idf_articles=idf_articles,
            cpu_seconds=linking_state.c.cpu_seconds + cpu_seconds,
        )
    )
