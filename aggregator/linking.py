"""Use-case: link the entries that wait, or all of them anew.

Entries are linked in the order of their arrival, each with all that arrived before it; a pair is stored where
it is among the best of either end, so that an old article gains its follow-up. One process links a library at
a time. Whoever ends in the middle leaves a library whose links are completed at the next start: terms, links
and the end of the waiting are one transaction.
"""

from __future__ import annotations

import logging
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import TYPE_CHECKING
from uuid import uuid4

import numpy as np

from aggregator.domain import Link
from aggregator.errors import NotFound, StorageError
from aggregator.related.cache import load_engine, save_engine
from aggregator.related.deciding import Decision, decide, decide_abroad
from aggregator.related.engine import Analysis, Engine, Pair
from aggregator.related.shelf import NEIGHBOUR
from aggregator.related.text import Analyzer
from aggregator.storage import leases, links, linkstate, terms
from aggregator.storage.terms import Holding, PendingEntry, StoredTerms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from aggregator.domain import Article
    from aggregator.policies import RelatedPolicy
    from aggregator.storage.engine import Database

_log = logging.getLogger(__name__)

_BATCH = 500
_RESTORED = 2_000
_WORTH_SAVING = 500
_COMPARED = 10
_LEASE = "linking"
_LEASE_TIME = timedelta(minutes=2)
_PATIENCE_SECONDS = 300.0


class Linker:
    """Keeps the engine of one library between calls. One thread at a time may use it."""

    def __init__(
        self,
        database: Database,
        policy: RelatedPolicy,
        *,
        cache: Path | None = None,
        stopping: Event | None = None,
    ) -> None:
        """`cache` is a folder where the engine may be kept between processes.

        Once `stopping` is set, what still waits is left for another time.
        """
        self._database = database
        self._policy = policy
        self._cache = cache
        self._stopping = stopping or Event()
        self._holder = f"linker-{uuid4().hex}"
        self._forget()

    def _forget(self) -> None:
        self._engine = Engine(self._policy)
        self._generation = ""
        self._holding = Holding(0, 0, 0)
        self._unsaved = 0

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
                terms.forget_all(connection)
                linkstate.begin_generation(connection, rebuilt_at=datetime.now(UTC))
            return self._link_all(on_progress)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not self._claim():
            if time.monotonic() > deadline:
                raise StorageError(
                    self._database.name, "another process is still linking", advice="Try again later."
                )
            if self._stopping.wait(0.25):
                raise StorageError(self._database.name, "the program is stopping")
        try:
            yield
        finally:
            with self._database.write() as connection:
                leases.release(connection, _LEASE, self._holder)

    def _claim(self) -> bool:
        now = datetime.now(UTC)
        with self._database.write() as connection:
            return leases.claim(connection, _LEASE, self._holder, now=now, until=now + _LEASE_TIME)

    def _renew(self) -> None:
        with self._database.write() as connection:
            leases.renew(connection, _LEASE, self._holder, until=datetime.now(UTC) + _LEASE_TIME)

    def _link_all(self, on_progress: Callable[[int], None] | None) -> int:
        stored = done = 0
        while not self._stopping.is_set() and self._claim():
            self._catch_up()
            with self._database.read() as connection:
                pending = terms.list_pending(connection, _BATCH)
            if not pending:
                break
            stored += self._link(pending)
            done += len(pending)
            if on_progress is not None:
                on_progress(done)
        if self._unsaved > max(_WORTH_SAVING, len(self._engine) // 50):
            self.keep()
        return stored

    def explain(self, one: Article, other: Article, policy: RelatedPolicy) -> Decision:
        """Why two entries are linked, or why not, as things are now; `policy` is what pages go by.

        Raises `NotFound` for an entry that waits to be linked.
        """
        self._catch_up()
        places = [(*self._place(article), article) for article in (one, other)]
        (language, older, _), (newer_language, newer, article) = sorted(places, key=self._arrival)
        terms = Analyzer(self._policy).analyze(article)
        shelves = self._engine.shelves
        if language == newer_language:
            return decide(shelves[language], newer, older, terms.spelling, policy)
        return decide_abroad(
            self._engine.names,
            (shelves[newer_language], newer),
            (shelves[language], older),
            terms.name_spelling,
            (newer_language, language),
        )

    def _arrival(self, place: tuple[str, int, Article]) -> int:
        return int(self._engine.shelves[place[0]].facts.rows["arrival"][place[1]])

    def _place(self, article: Article) -> tuple[str, int]:
        found = self._engine.find(int(article.id))
        if found is None:
            raise NotFound(str(article.id), "it waits to be linked", advice="`lire-aussi refresh` links it.")
        return found

    # ── what others did ──────────────────────────────────────────────────────────────────────────

    def _catch_up(self) -> None:
        """Bring the engine to what the database holds."""
        with self._database.read() as connection:
            state, there = linkstate.find_state(connection), terms.get_holding(connection)
        if state is None or state.generation != self._generation:
            self._forget()
            self._generation = state.generation if state else self._first_generation()
            self._load(there)
        if there != self._holding:
            self._restore(there)

    def _first_generation(self) -> str:
        with self._database.write() as connection:
            return linkstate.begin_generation(connection, rebuilt_at=None)

    def _restore(self, there: Holding) -> None:
        """Drop what was edited or removed, take in what other processes linked."""
        after = self._holding.last_arrival
        with self._database.read() as connection:
            arrivals = {arrival for arrival, _ in terms.list_arrivals(connection)}
            self._engine.remove(set(self._engine.arrivals()) - arrivals)
            while entries := terms.list_indexed(connection, after, _RESTORED):
                for entry in entries:
                    self._engine.restore(
                        entry.arrival, entry.stored.entry_id, entry.article, _analysis(entry.stored)
                    )
                ids = [entry.stored.entry_id for entry in entries]
                self._engine.restore_links(links.list_kept(connection, ids))
                after = entries[-1].arrival
                self._renew()  # this may take longer than the lease
        self._unsaved += there.last_arrival - self._holding.last_arrival
        self._holding = there

    # ── the cache ────────────────────────────────────────────────────────────────────────────────

    def _load(self, there: Holding) -> None:
        """Take the engine from the cache, if it is of this library and no newer (as after a backup)."""
        if self._cache is None:
            return
        found = load_engine(self._cache, self._policy, self._generation)
        holding = Holding(*found.holding()) if found is not None else self._holding
        if found is not None and holding.last_arrival <= there.last_arrival and self._agrees(found):
            self._engine, self._holding = found, holding

    def _agrees(self, engine: Engine) -> bool:
        """Whether the cache is of this library's past.

        One that was put back gives arrivals, and perhaps ids, anew; then the newest of the cache are other
        texts.
        """
        held = engine.arrivals()
        first = min(sorted(held)[-_COMPARED:], default=0)
        with self._database.read() as connection:
            stored = dict(terms.list_arrivals(connection))
            newest = terms.list_indexed(connection, first - 1, _COMPARED)
        return all(stored.get(arrival, id_) == id_ for arrival, id_ in held.items()) and all(
            engine.holds(entry.stored.entry_id, np.frombuffer(entry.stored.terms, "<u4"))
            for entry in newest
            if entry.arrival in held
        )

    def keep(self) -> None:
        """Write the engine to the cache. One that cannot be written costs time at the next start, no more."""
        if self._cache is None:
            return
        try:
            save_engine(self._engine, self._cache, self._generation)
            self._unsaved = 0
        except OSError as error:
            _log.warning("the index cannot be kept in %s: %s", self._cache, error)

    # ── what waits ───────────────────────────────────────────────────────────────────────────────

    def _link(self, pending: Sequence[PendingEntry]) -> int:
        started = time.thread_time()
        stored: list[tuple[int, StoredTerms]] = []
        found: list[Link] = []
        read = {int(entry.article.id): entry.version for entry in pending}
        try:
            for arrival, (article, _) in enumerate(pending, self._holding.last_arrival + 1):
                arrived = self._engine.arrive(arrival, int(article.id), article)
                stored.append((arrival, _stored(int(article.id), arrived.analysis)))
                found.extend(_link(int(article.id), pair) for pair in arrived.pairs)
            return self._record(stored, found, read, time.thread_time() - started)
        except BaseException:
            self._forget()  # it knows entries that the database does not
            raise

    def _record(
        self,
        stored: Sequence[tuple[int, StoredTerms]],
        found: Sequence[Link],
        read: dict[int, str],
        cpu_seconds: float,
    ) -> int:
        with self._database.write() as connection:
            count = terms.record_linked(connection, stored, found, read)
            linkstate.record_run(
                connection,
                len(stored),
                cpu_seconds,
                last_arrival=stored[-1][0],
                idf_articles=len(self._engine),
                now=datetime.now(UTC),
            )
            there = terms.get_holding(connection)
        ours, held = [entry.entry_id for _, entry in stored], self._holding
        self._holding = Holding(
            held.entries + len(ours), held.id_sum + sum(ours), held.last_arrival + len(ours)
        )
        self._unsaved += len(ours)
        if there != self._holding:  # some were edited or removed while they were linked
            self._forget()
        return count


def _link(entry_id: int, pair: Pair) -> Link:
    return Link(
        entry_id=entry_id,
        neighbour_id=pair.id,
        score=pair.score,
        rank=pair.rank,
        older_rank=pair.older_rank,
        nearness=pair.nearness,
        confidence=pair.confidence,
        why=pair.why,
        same_text=pair.same_text,
    )


def _stored(entry_id: int, analysis: Analysis) -> StoredTerms:
    return StoredTerms(
        entry_id=entry_id,
        language=analysis.language,
        terms=analysis.terms.astype("<u4").tobytes(),
        codes=analysis.codes.tobytes(),
        names=analysis.names.astype("<u4").tobytes(),
        neighbours=analysis.neighbours.tobytes(),
    )


def _analysis(stored: StoredTerms) -> Analysis:
    return Analysis(
        language=stored.language,
        terms=np.frombuffer(stored.terms, "<u4"),
        codes=np.frombuffer(stored.codes, np.uint8),
        names=np.frombuffer(stored.names, "<u4"),
        neighbours=np.frombuffer(stored.neighbours, NEIGHBOUR),
    )
