"""Whether a person's filter meets an entry.

Promises: words are whole words, without regard to case and accents; a phrase is words in a row. Refuses
patterns of any kind: what a person types is only ever compared. A filter without a phrase meets everything in
its scope, so one needs a phrase or a scope to be of use (`is_empty`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aggregator.searching.words import split_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from aggregator.domain import CategoryPath, Filter, SavedFilter

MAX_CHARS = 100_000
"""Of a text that is looked through."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """What a filter sees of an entry, in one person's library."""

    feed_id: int
    category: CategoryPath
    title: str
    text: str
    author: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    read: bool = False
    starred: bool = False
    hidden_by: int | None = None
    """The first filter that hides it. What gets a star is not hidden."""

    @property
    def unread(self) -> bool:
        return not self.read and self.hidden_by is None


def decide(filters: Iterable[SavedFilter], candidate: Candidate) -> Verdict:
    met = [saved for saved in filters if meets(saved.rule, candidate)]
    actions = {saved.rule.action for saved in met}
    hiding = next((saved.id for saved in met if saved.rule.action == "hide"), None)
    return Verdict(
        read="read" in actions,
        starred="star" in actions,
        hidden_by=None if "star" in actions else hiding,
    )


def meets(rule: Filter, candidate: Candidate) -> bool:
    if not covers(rule, candidate.feed_id, candidate.category):
        return False
    found = list(_found(rule, candidate))
    return not found or (all(found) if rule.match_all else any(found))


def covers(rule: Filter, feed_id: int, category: CategoryPath) -> bool:
    """Whether a feed in this category is in its scope."""
    if rule.feed_id not in (None, feed_id):
        return False
    return rule.category is None or category[: len(rule.category)] == rule.category


def is_empty(rule: Filter) -> bool:
    """It would meet everything, or nothing that a person can have meant."""
    return not any(phrases(said) for said in (rule.title, rule.text, rule.author)) and (
        rule.feed_id is None and rule.category is None
    )


def phrases(said: str) -> tuple[str, ...]:
    """Folded words with a space around each: "Coupe du monde, foot" → (" coupe du monde ", " foot ")."""
    return tuple(_spaced(part) for part in said.split(",") if split_words(part))


def _found(rule: Filter, candidate: Candidate) -> Iterator[bool]:
    """For each phrase of the filter, whether the entry has it."""
    fields = (
        (rule.title, (candidate.title,)),
        (rule.text, (candidate.title, candidate.text)),
        (rule.author, (candidate.author or "",)),
    )
    for said, places in fields:
        wanted = phrases(said)
        if wanted:
            folded = [_spaced(place[:MAX_CHARS]) for place in places]
            yield from (any(phrase in place for place in folded) for phrase in wanted)


def _spaced(text: str) -> str:
    return f" {' '.join(split_words(text))} "
