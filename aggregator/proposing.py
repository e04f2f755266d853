"""Use-case: what is proposed under entries, how it goes on the whole, and what another choice would change.

Reads what linking stored; nothing here computes a similarity.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from aggregator.errors import SettingsError
from aggregator.related.showing import Shown, choose_shown
from aggregator.related.threads import MIN_CONFIDENCE, MIN_SUPPORT, select_near, select_thread
from aggregator.storage.choices import list_choices, set_choices
from aggregator.storage.entries import Selection, list_headlines
from aggregator.storage.links import list_copies, list_related
from aggregator.storage.linkstate import find_state
from aggregator.storage.stories import list_ties
from aggregator.storage.terms import count_pending, count_without_text
from aggregator.storage.verdicts import list_seen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from aggregator.domain import Entry, Headline, RelatedEntry
    from aggregator.policies import RelatedPolicy
    from aggregator.storage.linkstate import LinkingState

CHOICES = {"strictness": (0.15, 0.95), "recency": (0.0, 3.0)}
"""What the owner may choose on the pages, with the least and the greatest value."""
HISTOGRAM_BINS = 20


def chosen_policy(connection: Connection, policy: RelatedPolicy) -> RelatedPolicy:
    """The settings, with what the owner chose on the pages."""
    chosen = list_choices(connection)
    return with_choices(
        policy, **{name: float(chosen[f"related.{name}"]) for name in CHOICES if f"related.{name}" in chosen}
    )


def with_choices(
    policy: RelatedPolicy, *, strictness: float | None = None, recency: float | None = None
) -> RelatedPolicy:
    """The policy with another choice; None leaves what it has."""
    return replace(
        policy,
        strictness=policy.strictness if strictness is None else strictness,
        recency=policy.recency if recency is None else recency,
    )


def choose(connection: Connection, *, strictness: float | None, recency: float | None) -> None:
    """Keep the owner's choice; None goes back to the settings. Raises `SettingsError` outside the bounds."""
    chosen = {"strictness": strictness, "recency": recency}
    for name, value in chosen.items():
        least, greatest = CHOICES[name]
        if value is not None and not least <= value <= greatest:
            raise SettingsError(f"related.{name}", f"it is between {least:g} and {greatest:g}")
    set_choices(
        connection,
        {f"related.{name}": None if value is None else repr(value) for name, value in chosen.items()},
    )


def propose(
    connection: Connection, user_id: int, shown: Sequence[Headline | Entry], policy: RelatedPolicy
) -> dict[int, Shown[RelatedEntry]]:
    """By entry id, what is shown under each."""
    related = list_related(connection, user_id, [entry.id for entry in shown])
    others = {other.id for those in related.values() for other in those}
    copies = list_copies(connection, sorted(others))
    return {entry.id: choose_shown(related.get(entry.id, ()), copies, policy) for entry in shown}


MIN_THREAD = 4
"""Entries that make a thread worth a link."""


def thread(connection: Connection, user_id: int, entry_id: int) -> tuple[Headline, ...]:
    """The story's entries that this person may see, from the first report to the latest.

    The entry alone where no sure link is kept.
    """
    near = _near(connection, user_id, entry_id)
    return list_seen(connection, user_id, _with_far(connection, user_id, near))


def has_thread(connection: Connection, user_id: int, entry_id: int) -> bool:
    """Whether the thread has `MIN_THREAD` entries; mostly one query."""
    near = _near(connection, user_id, entry_id)
    if len(near) >= MIN_THREAD:
        return True
    return len(_with_far(connection, user_id, near)) >= MIN_THREAD


def _near(connection: Connection, user_id: int, entry_id: int) -> tuple[int, ...]:
    ties = list_ties(connection, user_id, [entry_id], min_confidence=MIN_CONFIDENCE)
    return select_near(entry_id, ties)


def _with_far(connection: Connection, user_id: int, near: tuple[int, ...]) -> tuple[int, ...]:
    if len(near) < MIN_SUPPORT:
        return near
    return select_thread(near, list_ties(connection, user_id, near, min_confidence=MIN_CONFIDENCE))


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """How linking goes. `histogram` counts the raw cosines of the links shown in steps of 0.05.

    `articles` of the newest are looked at; `linked` of them have a link.
    """

    articles: int
    linked: int
    histogram: tuple[int, ...]
    without_text: int
    pending: int
    state: LinkingState | None

    @property
    def share(self) -> float:
        """Of the articles looked at, how many have a link."""
        return self.linked / self.articles if self.articles else 0.0


def overview(connection: Connection, user_id: int, policy: RelatedPolicy, *, newest: int = 1_000) -> Overview:
    shown = _newest(connection, user_id, newest)
    proposed = propose(connection, user_id, shown, policy).values()
    bins = Counter(
        min(int(link.score * HISTOGRAM_BINS), HISTOGRAM_BINS - 1)
        for those in proposed
        for link in those.links
    )
    return Overview(
        articles=len(shown),
        linked=sum(bool(those.links) for those in proposed),
        histogram=tuple(bins[step] for step in range(HISTOGRAM_BINS)),
        without_text=count_without_text(connection, [entry.id for entry in shown]),
        pending=count_pending(connection),
        state=find_state(connection),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What another choice would change under one entry."""

    entry: Headline
    gained: tuple[RelatedEntry, ...]
    lost: tuple[RelatedEntry, ...]


def preview(
    connection: Connection,
    user_id: int,
    before: RelatedPolicy,
    after: RelatedPolicy,
    *,
    newest: int = 200,
) -> tuple[Difference, ...]:
    """The newest entries under which other links would stand: what saving `after` gives."""
    shown = _newest(connection, user_id, newest)
    old = propose(connection, user_id, shown, before)
    new = propose(connection, user_id, shown, after)
    differences = (_difference(entry, old[entry.id].links, new[entry.id].links) for entry in shown)
    return tuple(found for found in differences if found.gained or found.lost)


def _difference(entry: Headline, old: tuple[RelatedEntry, ...], new: tuple[RelatedEntry, ...]) -> Difference:
    return Difference(
        entry=entry,
        gained=tuple(link for link in new if link not in old),
        lost=tuple(link for link in old if link not in new),
    )


def _newest(connection: Connection, user_id: int, count: int) -> tuple[Headline, ...]:
    return list_headlines(connection, user_id, Selection(limit=count))
