"""Lists of entries: newest first, under the headings of their days, continued by an opaque mark.

The mark names the last headline shown, not a page number: what arrives meanwhile moves nothing. Copies of
one news take one row.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING

from aggregator.related.folding import fold
from aggregator.storage.entries import Selection, list_headlines, list_read
from aggregator.storage.icons import icon_digests
from aggregator.storage.sametexts import list_copies_around
from web.wording import local_day

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from sqlalchemy import Connection

    from aggregator.domain import Copy, Headline

PAGE_LENGTH = 50

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MARK = re.compile(r"(-?\d{1,18})-(\d{1,10})", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    date: date
    headlines: tuple[Headline, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    headlines: tuple[Headline, ...]
    older: str | None
    """The mark of the next page; None on the last one."""
    icons: Mapping[int, str]
    """feed id → digest of its icon."""
    copies: Mapping[int, tuple[Copy, ...]]
    """entry id → the same text in other places, which takes no row of its own."""
    by_reading: bool = False
    """The moments of the list are when each was read, not when it was published."""

    def moment(self, headline: Headline) -> datetime:
        read_at = headline.read_at if self.by_reading else None
        return read_at or headline.published_at

    @property
    def days(self) -> tuple[Day, ...]:
        days = groupby(self.headlines, key=lambda headline: local_day(self.moment(headline)))
        return tuple(Day(date=day, headlines=tuple(some)) for day, some in days)


def load_page(connection: Connection, reader: int, selection: Selection, mark: str | None) -> Page:
    """The page after `mark`; the first one where there is no mark, or none that means anything."""
    wanted = replace(selection, before=read_mark(mark), limit=PAGE_LENGTH + 1)
    found = list_headlines(connection, reader, wanted)
    shown = found[:PAGE_LENGTH]
    ids = [headline.id for headline in shown]
    folded = fold(shown, list_copies_around(connection, reader, ids, selection))
    return Page(
        headlines=folded.headlines,
        copies=folded.copies,
        older=write_mark(shown[-1]) if len(found) > PAGE_LENGTH else None,
        icons=icon_digests(connection, (headline.feed_id for headline in shown)),
    )


def load_history(connection: Connection, reader: int, mark: str | None) -> Page:
    """What was read, the last first."""
    found = list_read(connection, reader, before=read_mark(mark), limit=PAGE_LENGTH + 1)
    shown = found[:PAGE_LENGTH]
    more = len(found) > PAGE_LENGTH
    return Page(
        headlines=shown,
        copies={},
        older=write_mark(shown[-1], shown[-1].read_at) if more else None,
        icons=icon_digests(connection, (headline.feed_id for headline in shown)),
        by_reading=True,
    )


def write_mark(last: Headline, moment: datetime | None = None) -> str:
    return f"{((moment or last.published_at) - _EPOCH) // timedelta(microseconds=1)}-{last.id}"


def read_mark(mark: str | None) -> tuple[datetime, int] | None:
    match = _MARK.fullmatch(mark or "")
    if match is None:
        return None
    try:
        return _EPOCH + timedelta(microseconds=int(match[1])), int(match[2])
    except OverflowError:
        return None
