"""The dates of feeds, read as people write them.

Promises: an aware moment in UTC, or None, for any string. Reads ISO 8601 and RFC 822 in all their dialects,
and dates with the month names of some thirty languages (from the Unicode CLDR, by babel). Strings of
more than 100 characters are refused unread: no date costs a millisecond.

`read_date` says what a string means to those who write such strings, `parse_date` what an entry may carry.
Of the 135 strings that other readers test themselves with, dateutil reads 95 as their owners mean them,
dateparser 123, in a millisecond each and up to a second for one; hence our own.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from email.utils import parsedate_to_datetime
from functools import cache
from zoneinfo import ZoneInfo

_MAX_CHARS = 100
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FAR = timedelta(days=10 * 365)

_RFC822 = re.compile(r"(?:[A-Z][a-z]{2}, )?\d\d? [A-Z][a-z]{2} \d{4} \d\d:\d\d:[0-5]\d (?:GMT|[+-]\d{4})")
_EPOCH_SECONDS = re.compile(r"(\d{10})(?:\d{3})?")
_YEAR_AND_MONTH = re.compile(r"(\d{4})(?:-(\d\d))?")
_COMMENT = re.compile(r"\([^()]*\)")
_TIME = re.compile(r"(\d\d?) ?[:h] ?(\d\d)(?::(\d\d)(?:[.,]\d+)?)?(?: ?([ap])\.? ?m\b\.?)?")
_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)(?!\d)")
_REGION = re.compile(r"[a-z]+/[a-z_]+(?:/[a-z_]+)?")
_YEAR_FIRST = re.compile(r"(?<!\d)(\d{4})\D{1,4}(\d\d?)\D{1,4}(\d\d?)(?!\d)")
_YEAR_LAST = re.compile(r"(?<!\d)(\d\d?)([-/. ])(\d\d?)\2(\d{4}|\d\d)(?!\d)")
_WORD = re.compile(r"[^\W\d_]+")
_NUMBER = re.compile(r"\d+")


def _numbered(groups: str, *, start: int) -> dict[str, int]:
    return {word: number for number, words in enumerate(groups.split(","), start) for word in words.split()}


_ENGLISH_MONTHS = _numbered(
    "jan january, feb february, mar march, apr april, may, jun june, jul july, aug august,"
    "sep sept september, oct october, nov november, dec december",
    start=1,
)
_LANGUAGES = "fr de es it pt nl pl cs sk ru uk sv da nb fi hu tr ro el ca bg sl lt lv et id ar fa he"
# First letters, without accents, in English, French, German, Spanish, Italian, Portuguese and Dutch.
_MONTHS = _numbered(
    "jan ene gen, feb fev, mar mae maa mrt, apr avr abr, mai may mag mei maj, jun juin giu,"
    "jul juil lug, aug aou ago, sep set, oct okt ott out, nov, dec dez dic",
    start=1,
)
_WEEKDAYS = _numbered(
    "mon lun seg maa, tue mar die ter din, wed mer mie mit qua woe, thu jeu jue gio don qui,"
    "fri ven vie fre sex vri, sat sam sab zat, sun dim dom son zon",
    start=0,
)

# Hours east of Greenwich. Where countries share a name (CST, IST) the choice is that of other readers.
_ZONES = {
    name: timezone(timedelta(hours=hours))
    for hours, names in {
        -10: "hst",
        -9: "akst",
        -8: "pst akdt",
        -7: "mst pdt",
        -6: "cst mdt",
        -5: "est cdt",
        -4: "ast edt",
        -3: "adt brt art",
        0: "gmt utc ut wet",
        1: "cet mez bst west",
        2: "cest mesz eet sast ist",
        3: "eest msk",
        8: "awst hkt sgt",
        9: "jst kst",
        10: "aest",
        11: "aedt",
        12: "nzst",
        13: "nzdt",
    }.items()
    for name in names.split()
}


def parse_date(text: str, *, now: datetime) -> datetime | None:
    """The moment that an entry may carry: of `read_date`, what is no guess, and none at or before 1970.

    (The zero of many a program is 1970, or the year 1.) A year of two digits that is far ahead is one of the
    last century. Where nobody knows the month, the year is better than nothing, but only if it is past.
    """
    found = _found(text)
    if found is None:
        return None
    moment, is_month_known = found
    if moment > now + _FAR and str(moment.year) not in text:
        moment = moment.replace(year=moment.year - 100)
    if moment <= _EPOCH or not (is_month_known or moment.year < now.year):
        return None
    return moment


def read_date(text: str) -> datetime | None:
    """The moment that `text` names, in UTC; where it names no zone, UTC is meant; or None.

    A year of two digits is one of this century, a month that is no month January (as NetNewsWire has it).
    """
    found = _found(text)
    return found[0] if found else None


def _found(text: str) -> tuple[datetime, bool] | None:
    """The moment, and whether its month is known."""
    text = text.strip()
    if not text or len(text) > _MAX_CHARS:
        return None
    try:
        moment, is_month_known = _read(text)
        return moment.astimezone(UTC), is_month_known
    except (ValueError, OverflowError):
        return None


def _read(text: str) -> tuple[datetime, bool]:
    """By the standard library where the form is exact, else by what can be recognized."""
    read_exactly = parsedate_to_datetime if _RFC822.fullmatch(text) else datetime.fromisoformat
    try:
        moment = read_exactly(text)
    except ValueError:
        return _loose(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC), True


def _loose(text: str) -> tuple[datetime, bool]:
    if found := _EPOCH_SECONDS.fullmatch(text):
        return datetime.fromtimestamp(int(found[1]), UTC), True
    if found := _YEAR_AND_MONTH.fullmatch(text):
        return datetime(int(found[1]), int(found[2] or 1), 1, tzinfo=UTC), True
    time, rest = _time(_COMMENT.sub(" ", _plain(text)))
    zone, rest = _zone(rest)
    year, month, day = _day(rest)
    return datetime(year, month or 1, day, *time, tzinfo=zone), bool(month)


def _plain(text: str) -> str:
    """Lower case, without accents: Mär, déc., AOÛT."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def _time(text: str) -> tuple[tuple[int, int, int], str]:
    """Hours, minutes and seconds, and the text without them."""
    if not (found := _TIME.search(text)):
        return (0, 0, 0), text
    hour, minute, second = (int(group or 0) for group in found.groups()[:3])
    if half := found[4]:
        hour = hour % 12 + (12 if half == "p" else 0)
    # Who writes 24:05 means five past midnight of that day; a leap second is the second before it.
    return (0 if hour == 24 else hour, minute, min(second, 59)), _without(text, found)


def _zone(text: str) -> tuple[tzinfo, str]:
    """The zone, and the text without it. A name that nobody knows says nothing: UTC (RFC 5322, 4.3)."""
    if found := _OFFSET.search(text):
        offset = timedelta(hours=int(found[2]), minutes=int(found[3]))
        return timezone(-offset if found[1] == "-" else offset), _without(text, found)
    if found := _REGION.search(text):
        return _region(found[0]), _without(text, found)
    for found in _WORD.finditer(text):
        if found[0] in _ZONES:
            return _ZONES[found[0]], _without(text, found)
    return UTC, text


def _region(name: str) -> tzinfo:
    try:
        return ZoneInfo(name.title())
    except (LookupError, OSError):  # OSError: a folder of the time zone database
        return UTC


def _without(text: str, found: re.Match[str]) -> str:
    return f"{text[: found.start()]} {text[found.end() :]}"


def _day(text: str) -> tuple[int, int, int]:
    """Year, month (0 for a word that nobody knows) and day."""
    if found := _YEAR_FIRST.search(text):
        return int(found[1]), int(found[2]), int(found[3])
    if found := _YEAR_LAST.search(text):
        day, month, year = int(found[1]), int(found[3]), _year(found[4])
        if _month_first(day, month, year, separator=found[2], text=text):
            day, month = month, day
        return year, month, day
    return _named_day(text)


def _month_first(day: int, month: int, year: int, *, separator: str, text: str) -> bool:
    """30.10.23 has the day first; of 10/11/2020 the weekday beside it decides, else it is American."""
    if separator == "." or day > 12 or month > 12:
        return month > 12
    weekdays = {_WEEKDAYS.get(word[:3]) for word in _WORD.findall(text)}
    return datetime(year, month, day, tzinfo=UTC).weekday() not in weekdays


def _named_day(text: str) -> tuple[int, int, int]:
    """The last word that can be a month is the month: in "mar., 01 déc. 2020" the first is a Tuesday."""
    words = _WORD.findall(text)
    month = next((month for word in reversed(words) if (month := _month(word))), 0)
    match _NUMBER.findall(text):
        case [year] if month and len(year) == 4:
            return int(year), month, 1
        case [year, day] if words and len(year) == 4:
            return int(year), month, int(day)
        case [day, year] if words and (month or len(year) == 4):
            return _year(year), month, int(day)
    raise ValueError(text)


def _month(word: str) -> int:
    """By its name in a language; else by its first letters, which abbreviations share; else 0."""
    if (month := _ENGLISH_MONTHS.get(word)) or (month := _foreign_months().get(word)):
        return month
    return _MONTHS.get(word[:3]) or _MONTHS.get(word[:4]) or 0


@cache
def _foreign_months() -> dict[str, int]:
    """Names that are one word. It takes some 80 ms: only where a date needs it, and once."""
    from babel import Locale

    return {
        words[0]: number
        for language in reversed(_LANGUAGES.split())
        for forms in Locale.parse(language).months.values()
        for width in ("abbreviated", "wide")
        for number, name in forms[width].items()
        if len(words := _WORD.findall(_plain(name))) == 1
    }


def _year(digits: str) -> int:
    """Two digits are of this century; see `parse_date`."""
    return int(digits) + (2000 if len(digits) < 3 else 0)
