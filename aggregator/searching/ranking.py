"""The order of what a search found.

A hit weighs its relevance times 1 + 1 / (1 + age / 30 days): twice for what was published now, one and a half
for a month ago, nearly once for years. A factor, since relevance (bm25, or PostgreSQL's rank) has no scale of
its own; bounded by two, so that among equally fitting entries the newest come first, while one that fits
clearly better is found however old it is.
"""

from __future__ import annotations

FRESH_DAYS = 30.0


def weight(relevance: float, age_days: float) -> float:
    """The larger, the earlier; `relevance` is not negative."""
    return relevance * (1 + 1 / (1 + max(age_days, 0.0) / FRESH_DAYS))
