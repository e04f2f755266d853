"""Use-case: link the entries that wait, or all of them anew.

Entries are linked in the order of their arrival, each against all that arrived before it; a pair is stored
where it is among the best of either end, so that an old article gains its follow-up. One process links a
library at a time.
"""

from __future__ import annotations

import time
from bisect import insort
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import TYPE_CHECKING
from uuid import uuid4

import numpy as np

from aggregator.domain import Article, Link
from aggregator.errors import StorageError
from aggregator.related.explaining import shared_words
from aggregator.related.index import Index, Pairs
from aggregator.related.recipe import Ranked, least_cosine, rank_pairs
from aggregator.related.text import Analyzer, Terms
from aggregator.storage import leases, links
from aggregator.storage.links import StoredTerms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from aggregator.policies import RelatedPolicy
    from aggregator.storage.engine import Database

_BATCH = 1_000
_LEASE = "linking"
_LEASE_TIME = timedelta(minutes=5)
_PATIENCE_SECONDS = 300.0


class Linker:
    """Keeps the index of one library between calls. One thread at a time may use it."""

    def __init__(self, database: Database, policy: RelatedPolicy, *, stopping: Event | None = None) -> None:
        """Once `stopping` is set, what still waits is left for another time."""
        self._database = database
        self._policy = policy
        self._stopping = stopping or Event()
        self._holder = f"linker-{uuid4().hex}"
        self._forget()

    def _forget(self) -> None:
        self._analyzer = Analyzer(self._policy)
        self._index = Index()
        self._arrival = 0
        self._best: dict[int, list[float]] = {}

    def link_pending(self, *, on_progress: Callable[[int], None] | None = None) -> int:
        """Link every entry that waits. Returns how many links were stored; 0 while nothing waits.

        Waits for another process that is linking this library, up to five minutes.
        """
        with self._alone():
            return self._link_all(on_progress)

    def relink(self, *, on_progress: Callable[[int], None] | None = None) -> int:
        """Forget every link and analysis, and link the whole library again in the order of arrival."""
        with self._alone():
            with self._database.write() as connection:
                links.forget_all(connection)
            self._forget()
            return self._link_all(on_progress)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not self._claim():
            if time.monotonic() > deadline:
                raise StorageError(
                    self._database.name, "another process is still linking", advice="Try again later."
                )
            time.sleep(0.25)
        try:
            yield
        finally:
            with self._database.write() as connection:
                leases.release(connection, _LEASE, self._holder)

    def _claim(self) -> bool:
        now = datetime.now(UTC)
        with self._database.write() as connection:
            return leases.claim(connection, _LEASE, self._holder, now=now, until=now + _LEASE_TIME)

    def _link_all(self, on_progress: Callable[[int], None] | None) -> int:
        stored = done = 0
        self._catch_up()
        while not self._stopping.is_set() and self._claim() and (pending := self._pending()):
            stored += self._link(pending)
            done += len(pending)
            if on_progress is not None:
                on_progress(done)
        return stored

    def _pending(self) -> tuple[Article, ...]:
        with self._database.read() as connection:
            return links.list_pending(connection, _BATCH)

    def _catch_up(self) -> None:
        """Take in what other processes linked; drop what was edited or removed."""
        with self._database.read() as connection:
            there = links.list_indexed_ids(connection)
            linked = links.list_indexed(connection, self._arrival)
            gone = frozenset(self._index.facts.id.tolist()) - there
            ranks = links.list_ranks(connection) if linked or gone else ()
        if not linked and not gone:
            return
        ids = [entry.stored.entry_id for entry in linked]
        self._index.remove(gone.union(ids))
        self._index.add(ids, [_article(entry) for entry in linked], [_terms(entry) for entry in linked])
        self._arrival = max([self._arrival, *(entry.arrival for entry in linked)])
        self._best = {}
        for entry_id, neighbour_id, rank in ranks:
            self._improves(entry_id, rank)
            self._improves(neighbour_id, rank)

    def _link(self, pending: Sequence[Article]) -> int:
        terms = [self._analyzer.analyze(article) for article in pending]
        ids = [int(article.id) for article in pending]
        first = len(self._index)
        self._index.add(ids, pending, terms)
        self._index.weigh()
        found: list[Link] = []
        floor = least_cosine(len(self._index), self._policy)
        for pairs in self._index.pairs(np.arange(first, len(self._index)), floor):
            earlier = pairs.take(pairs.other < pairs.row)
            ranked = rank_pairs(self._index, earlier, self._policy, keep=4 * self._policy.kept)
            found.extend(self._links(self._worth_keeping(ranked), [t.spelling for t in terms], first))
        rows = [_stored(entry_id, t) for entry_id, t in zip(ids, terms, strict=True)]
        with self._database.write() as connection:
            stored = links.record_linked(connection, ids, rows, found)
            self._arrival = links.last_arrival(connection)
        return stored

    def _worth_keeping(self, ranked: Ranked) -> Ranked:
        """The pairs that are among the best of either end, and all copies."""
        names = self._index.facts.id
        ends = zip(names[ranked.row].tolist(), names[ranked.other].tolist(), strict=True)
        keep = [
            same_text or self._improves_either(entry_id, neighbour_id, rank)
            for (entry_id, neighbour_id), rank, same_text in zip(
                ends, ranked.rank.tolist(), ranked.same_text.tolist(), strict=True
            )
        ]
        return Ranked._make(column[np.asarray(keep, bool)] for column in ranked)

    def _improves_either(self, entry_id: int, neighbour_id: int, rank: float) -> bool:
        improved = self._improves(entry_id, rank), self._improves(neighbour_id, rank)
        return any(improved)

    def _improves(self, entry_id: int, rank: float) -> bool:
        """Whether the rank is among the best that the entry has seen so far; it is noted then."""
        best = self._best.setdefault(entry_id, [])
        if len(best) == self._policy.kept and rank <= best[0]:
            return False
        insort(best, rank)
        del best[: -self._policy.kept]
        return True

    def _links(self, ranked: Ranked, spellings: Sequence[Mapping[int, str]], first: int) -> Iterator[Link]:
        """`spellings` are those of the rows from `first` on."""
        pairs = Pairs(ranked.row, ranked.other, ranked.cosine)
        words = shared_words(
            self._index, pairs, [spellings[row - first] for row in ranked.row], limit=self._policy.why_words
        )
        names = self._index.facts.id
        columns = (names[ranked.row], names[ranked.other], ranked.cosine, ranked.rank, ranked.same_text)
        for (entry_id, neighbour_id, score, rank, same_text), why in zip(
            zip(*(column.tolist() for column in columns), strict=True), words, strict=True
        ):
            yield Link(
                entry_id=entry_id,
                neighbour_id=neighbour_id,
                score=score,
                rank=rank,
                why=why,
                same_text=same_text,
            )


def _article(entry: links.IndexedEntry) -> Article:
    return Article(
        id=entry.stored.entry_id,
        title=entry.title,
        summary="",
        content="",
        language=entry.stored.language,
        published_at=entry.published_at,
        source=str(entry.feed_id),
    )


def _terms(entry: links.IndexedEntry) -> Terms:
    head, body = np.frombuffer(entry.stored.counts, "<u2").reshape(2, -1)
    return Terms(
        language=entry.stored.language,
        ids=np.frombuffer(entry.stored.terms, "<u4"),
        head=head,
        body=body,
        spelling={},
        names=np.empty(0, np.uint32),
    )


def _stored(entry_id: int, terms: Terms) -> StoredTerms:
    return StoredTerms(
        entry_id=entry_id,
        language=terms.language,
        terms=terms.ids.astype("<u4").tobytes(),
        counts=np.concatenate([terms.head, terms.body]).astype("<u2").tobytes(),
    )
