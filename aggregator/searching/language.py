"""The language of searches: words, "a phrase", -word, beginn*, and filters (feed:Monde is:unread).

Promises: every input is a query; what it holds that cannot be meant is told as a `Problem`, and the rest
counts. All words must occur. A word is found in its other forms too, a phrase as it is. A filter that is not
known is words. Each filter has an English and a French name. `write_query` is the inverse of `parse_query`.
"""

from __future__ import annotations

import re
import unicodedata
from calendar import monthrange
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

from aggregator.searching.words import fold, split_words

Field = Literal["", "title", "author"]

MAX_TERMS = 16
MAX_CHARACTERS = 300
MAX_PERIOD_DAYS = 36_500


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """Words that stand beside each other; never none."""

    words: tuple[str, ...]
    """Folded."""
    exact: bool = False
    """A phrase, or several words that were written as one: no other forms of them."""
    beginning: bool = False
    """The last word is the beginning of one."""
    field: Field = ""
    """Where it must stand; anywhere where it is empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What was left out of the query: `code` is a key of `PROBLEMS`, `subject` what was typed."""

    code: str
    subject: str = ""

    def __str__(self) -> str:
        return PROBLEMS[self.code] % {"subject": self.subject}


PROBLEMS = {
    "only-unwanted": "Type a word that must occur, too.",
    "bad-date": "“%(subject)s” is no date. Write 2026-11-24, 2026-11 or 2026.",
    "bad-period": "“%(subject)s” is no period. Write 7d, week, month or year.",
    "bad-state": "“%(subject)s” is no state. Write unread, read or starred.",
    "backwards": "The period ends before it begins.",
    "negated": "A minus leaves out words, not what a filter names: “%(subject)s”.",
    "too-many": "Only the first words of this search count.",
    "no-feed": "You follow no feed that is called “%(subject)s”.",
    "no-category": "You have no category that is called “%(subject)s”.",
}
"""In English sentences; the pages have their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    wanted: tuple[Term, ...] = ()
    unwanted: tuple[Term, ...] = ()
    feeds: tuple[str, ...] = ()
    """Each a part of a title, or an id; all entries are of one that one of these means."""
    categories: tuple[str, ...] = ()
    """Each a name, or several with "/" between."""
    since: date | None = None
    until: date | None = None
    """Both days belong to it."""
    days: int | None = None
    """The last ones, today among them."""
    read: bool | None = None
    starred: bool = False
    problems: tuple[Problem, ...] = ()

    @property
    def is_filtered(self) -> bool:
        limits = (self.feeds, self.categories, self.since, self.until, self.days, self.starred)
        return any(limits) or self.read is not None

    @property
    def asks(self) -> bool:
        """Whether there is anything to look for."""
        return bool(self.wanted) or self.is_filtered

    def from_day(self, today: date) -> date | None:
        """The first day that counts."""
        if self.days is None:
            return self.since
        first = today - timedelta(days=self.days - 1)
        return max(first, self.since) if self.since else first


_FILTERS = {
    "feed": "feed",
    "flux": "feed",
    "category": "category",
    "categorie": "category",
    "from": "from",
    "since": "from",
    "depuis": "from",
    "to": "to",
    "until": "to",
    "jusque": "to",
    "period": "period",
    "periode": "period",
    "is": "is",
    "est": "is",
    "title": "title",
    "titre": "title",
    "author": "author",
    "auteur": "author",
}
_STATES = {
    "unread": "unread",
    "nonlu": "unread",
    "read": "read",
    "lu": "read",
    "starred": "starred",
    "star": "starred",
    "favori": "starred",
}
_PERIODS = {
    "day": 1,
    "jour": 1,
    "today": 1,
    "week": 7,
    "semaine": 7,
    "month": 31,
    "mois": 31,
    "year": 366,
    "an": 366,
    "annee": 366,
}
_PIECE = re.compile(
    r"""(?P<minus>-?)
        (?:(?P<name>[^\W\d_]+):(?=\S))?
        (?:"(?P<phrase>[^"]*)"?|(?P<word>[^\s"]+))""",
    re.VERBOSE,
)
# What an elision leaves before the apostrophe: "l’élection" asks for "élection".
_ELIDED = frozenset({"c", "d", "j", "l", "m", "n", "s", "t", "qu", "jusqu", "lorsqu", "puisqu"})
_DATE = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?", re.ASCII)
_YEARS = (1900, 2200)
_DAYS = re.compile(r"(\d{1,5})[dj]?", re.ASCII)


def parse_query(typed: str) -> Query:
    """Read what a person typed, of which the first `MAX_CHARACTERS` count."""
    text = unicodedata.normalize("NFC", typed[:MAX_CHARACTERS]).replace("\0", " ")
    query = Query()
    for piece in _PIECE.finditer(text):
        query = _add(query, piece)
    if len(query.wanted) + len(query.unwanted) > MAX_TERMS:
        wanted = query.wanted[:MAX_TERMS]
        unwanted = query.unwanted[: MAX_TERMS - len(wanted)]
        query = _with_problem(replace(query, wanted=wanted, unwanted=unwanted), "too-many")
    if query.since and query.until and query.since > query.until:
        query = _with_problem(replace(query, since=None, until=None), "backwards")
    if query.unwanted and not query.asks:
        query = _with_problem(query, "only-unwanted")
    return query


def _add(query: Query, piece: re.Match[str]) -> Query:
    phrase, value = piece["phrase"], piece["phrase"] or piece["word"] or ""
    name = _FILTERS.get(fold(piece["name"] or ""))
    if piece["name"] and (name is None or not _says_something(value)):
        query = _add_term(query, piece["minus"], piece["name"], exact=False)
        return _add_term(query, piece["minus"], value, exact=phrase is not None)
    if name in ("title", "author"):
        field: Field = "title" if name == "title" else "author"
        return _add_term(query, piece["minus"], value, exact=phrase is not None, field=field)
    if name is None:
        return _add_term(query, piece["minus"], value, exact=phrase is not None)
    if piece["minus"]:
        return _with_problem(query, "negated", piece[0])
    return _add_filter(query, name, value)


def _says_something(value: str) -> bool:
    return bool(split_words(value))


def _add_term(query: Query, minus: str, text: str, *, exact: bool, field: Field = "") -> Query:
    words = split_words(text)
    while not exact and len(words) > 1 and words[0] in _ELIDED:
        words = words[1:]
    if not words:
        return query
    beginning = not exact and text.endswith("*") and len(words[-1]) >= 3
    term = Term(words=tuple(words), exact=exact or len(words) > 1, beginning=beginning, field=field)
    if minus:
        return replace(query, unwanted=(*query.unwanted, term))
    return replace(query, wanted=(*query.wanted, term))


def _add_filter(query: Query, name: str, value: str) -> Query:
    if name == "feed":
        return replace(query, feeds=(*query.feeds, value))
    if name == "category":
        return replace(query, categories=(*query.categories, value))
    if name == "period":
        days = _read_period(value)
        return replace(query, days=days) if days else _with_problem(query, "bad-period", value)
    if name == "is":
        return _add_state(query, value)
    span = _read_date(value)
    if span is None:
        return _with_problem(query, "bad-date", value)
    return replace(query, since=span[0]) if name == "from" else replace(query, until=span[1])


def _add_state(query: Query, value: str) -> Query:
    match _STATES.get("".join(split_words(value)).removesuffix("s")):
        case "starred":
            return replace(query, starred=True)
        case "read" | "unread" as state:
            return replace(query, read=state == "read")
    return _with_problem(query, "bad-state", value)


def _read_date(value: str) -> tuple[date, date] | None:
    """The first and the last day of what is named; None for no date."""
    found = _DATE.fullmatch(value.strip())
    if found is None:
        return None
    year, month, day = int(found[1]), int(found[2] or 0), int(found[3] or 0)
    try:
        first = date(year, month or 1, day or 1)
        last = date(year, month or 12, day or monthrange(year, month or 12)[1])
    except ValueError:
        return None
    return (first, last) if _YEARS[0] <= year <= _YEARS[1] else None


def _read_period(value: str) -> int | None:
    named = _PERIODS.get(fold(value.strip()).removesuffix("s"), _PERIODS.get(fold(value.strip())))
    counted = _DAYS.fullmatch(value.strip().lower())
    days = named or (int(counted[1]) if counted else 0)
    return days if 0 < days <= MAX_PERIOD_DAYS else None


def _with_problem(query: Query, code: str, subject: str = "") -> Query:
    problem = Problem(code=code, subject=subject[:60])
    return query if problem in query.problems else replace(query, problems=(*query.problems, problem))


def merge(query: Query, other: Query) -> Query:
    """Both: the words and filters of the two together; where they differ on one fact, the other's."""
    return replace(
        query,
        wanted=(*query.wanted, *other.wanted),
        unwanted=(*query.unwanted, *other.unwanted),
        feeds=tuple(dict.fromkeys((*query.feeds, *other.feeds))),
        categories=tuple(dict.fromkeys((*query.categories, *other.categories))),
        since=other.since or query.since,
        until=other.until or query.until,
        days=other.days or query.days,
        read=query.read if other.read is None else other.read,
        starred=query.starred or other.starred,
        problems=tuple(dict.fromkeys((*query.problems, *other.problems))),
    )


def write_query(query: Query) -> str:
    """The query as it could have been typed."""
    pieces = [_write_term(term) for term in query.wanted]
    pieces += [f"-{_write_term(term)}" for term in query.unwanted]
    pieces += [f"feed:{_quoted(value)}" for value in query.feeds]
    pieces += [f"category:{_quoted(value)}" for value in query.categories]
    pieces += [f"from:{query.since}"] if query.since else []
    pieces += [f"to:{query.until}"] if query.until else []
    pieces += [f"period:{query.days}d"] if query.days else []
    pieces += [] if query.read is None else ["is:read" if query.read else "is:unread"]
    pieces += ["is:starred"] if query.starred else []
    return " ".join(pieces)


def _write_term(term: Term) -> str:
    words = " ".join(term.words)
    text = f'"{words}"' if term.exact and not term.beginning else "-".join(term.words)
    return (f"{term.field}:" if term.field else "") + text + ("*" if term.beginning else "")


def _quoted(value: str) -> str:
    return f'"{value}"' if re.search(r"\s", value) else value
