"""How moments, days, numbers and lengths are said: in the page's language and the reader's time zone.

A small script tells the zone in a cookie; without it, it is the one of this machine.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_time, format_timedelta
from babel.numbers import format_decimal, format_percent
from babel.units import format_unit
from flask import g, has_request_context, request
from flask_babel import gettext, ngettext

from web.languages import language
from web.services import services

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from typing import Literal

    from flask import Flask

_WORDS_A_MINUTE = 230
_RELATIVE_DAYS = 7
_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
_SIZES = {"gigabyte": 10**9, "megabyte": 10**6, "kilobyte": 10**3}


def install(app: Flask) -> None:
    app.jinja_env.filters.update(
        age=age,
        hour=hour,
        moment=moment,
        span=span,
        countdown=countdown,
        day_name=day_name,
        short_date=lambda day: short_date(day, today=local_day(services().clock())),
        number=number,
        tenths=tenths,
        percent=percent,
        language_name=language_name,
        minutes=reading_minutes,
        clock=clock,
        size=size,
        host=host,
    )


def age(then: datetime) -> str:
    """How long ago: "3h ago"; the date where that is more than a week."""
    now = services().clock()
    passed = max(now - then, timedelta(0))
    if passed < timedelta(minutes=1):
        return gettext("just now")
    if passed < timedelta(days=_RELATIVE_DAYS):
        return _relative(-_minutes(passed), _length(), language())
    return short_date(local_day(then), today=local_day(now))


def countdown(then: datetime) -> str:
    """How long until: "in 12m"."""
    left = then - services().clock()
    if left < timedelta(minutes=1):
        return gettext("any moment now")
    return _relative(_minutes(left), _length(), language())


def _minutes(length: timedelta) -> int:
    """As exact as it is said: to the minute, from an hour on to the hour, from a day on to the day."""
    for step in (_DAY, _HOUR):
        if length >= step - _MINUTE / 2:
            return round(length / step) * (step // _MINUTE)
    return round(length / _MINUTE)


@lru_cache(maxsize=4096)
def _relative(minutes: int, length: Literal["narrow", "short"], locale: str) -> str:
    """A page says hundreds of them, of which few differ."""
    return format_timedelta(
        timedelta(minutes=minutes), add_direction=True, threshold=1, format=length, locale=locale
    )


def span(since: datetime) -> str:
    """How long something has lasted: "9 days"."""
    passed = max(services().clock() - since, timedelta(minutes=1))
    if passed >= timedelta(days=1):
        return format_unit(passed.days, "duration-day", "long", locale=_locale())
    return format_timedelta(passed, threshold=1, format="long", locale=_locale())


def rhythm(gap: timedelta) -> str:
    """How often something comes: "about every 3 hours"."""
    hours, days = gap / timedelta(hours=1), gap / timedelta(days=1)
    if hours < 0.75:
        return gettext("several times an hour")
    if hours < 20:
        return ngettext("about every hour", "about every %(num)s hours", round(hours) or 1)
    if days < 5.5:
        return ngettext("about once a day", "about every %(num)s days", round(days) or 1)
    if days < 26:
        return ngettext("about once a week", "about every %(num)s weeks", round(days / 7))
    if days < 330:
        return ngettext("about once a month", "about every %(num)s months", round(days / 30.4))
    return gettext("once a year or less")


def hour(then: datetime) -> str:
    """Beside an entry under the heading of its day: how long ago today, the time of day before."""
    if local_day(then) == local_day(services().clock()):
        return age(then)
    return _time(_here(then), language())


def moment(then: datetime) -> str:
    """All of it: the day and the time."""
    return _moment(_here(then), language())


@lru_cache(maxsize=4096)
def _moment(here: datetime, locale: str) -> str:
    """The same entries are shown again and again."""
    return f"{format_date(here, 'long', locale=locale)}, {_time(here, locale)}"


@lru_cache(maxsize=4096)
def _time(here: datetime, locale: str) -> str:
    return format_time(here, "short", locale=locale)


def local_day(then: datetime) -> date:
    return _here(then).date()


def local_offset(then: datetime) -> timedelta:
    return _here(then).utcoffset() or timedelta(0)


def _here(then: datetime) -> datetime:
    return then.astimezone(_zone())


def _zone() -> ZoneInfo | None:
    """Of the reader; None: that of this machine."""
    if not has_request_context():
        return None
    if "zone" not in g:
        g.zone = _find_zone(request.cookies.get("tz", ""))
    found: ZoneInfo | None = g.zone
    return found


@lru_cache(maxsize=64)
def _find_zone(name: str) -> ZoneInfo | None:
    """None for what is no zone, whatever a cookie may hold."""
    if not name or len(name) > 60:
        return None
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):  # KeyError: not found; the others: no name of a zone at all
        return None


def day_name(day: date) -> str:
    """The heading of a day: "Today", "Yesterday", "Monday, November 24"."""
    today = local_day(services().clock())
    if day == today:
        return gettext("Today")
    if day == today - timedelta(days=1):
        return gettext("Yesterday")
    # A pattern of CLDR date fields: https://unicode.org/reports/tr35/tr35-dates.html
    pattern = gettext("EEEE, MMMM d") if day.year == today.year else gettext("EEEE, MMMM d, y")
    name = format_date(day, pattern, locale=_locale())
    return name[:1].upper() + name[1:]


def short_date(day: date, *, today: date) -> str:
    pattern = gettext("MMM d") if day.year == today.year else gettext("MMM d, y")
    return format_date(day, pattern, locale=_locale())


def language_name(code: str) -> str:
    """ "German" for "de"; the code itself where nobody knows it."""
    names: Mapping[str, str] = _locale().languages
    return names.get(code, code)


def percent(share: float) -> str:
    return format_percent(share, locale=_locale())


def number(value: int) -> str:
    # Most are small, a page holds hundreds, and the languages of the pages write these alike.
    return str(value) if 0 <= value < 1000 else _decimal(value, language())


@lru_cache(maxsize=1024)
def _decimal(value: int, locale: str) -> str:
    return format_decimal(value, locale=locale)


def tenths(value: float) -> str:
    return format_decimal(round(value, 1), locale=_locale())


def reading_minutes(text: str) -> int:
    return max(1, round(len(text.split()) / _WORDS_A_MINUTE))


def clock(seconds: int) -> str:
    """How long a sound or a film is: "4:05", "1:02:03"."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def size(length_bytes: int) -> str:
    """ "12 MB"; in French "12 Mo"."""
    unit = next((unit for unit in _SIZES if length_bytes >= _SIZES[unit]), "kilobyte")
    shown = max(round(length_bytes / _SIZES[unit], 1 if length_bytes < 10 * _SIZES[unit] else None), 1)
    return format_unit(shown, f"digital-{unit}", "short", locale=_locale())


def host(address: str) -> str:
    return (urlsplit(address).hostname or address).removeprefix("www.")


def _locale() -> Locale:
    return _find_locale(language())


@lru_cache
def _find_locale(code: str) -> Locale:
    return Locale.parse(code)


def _length() -> Literal["narrow", "short"]:
    # What is short in English ("3 hr. ago") is longer than what people write; French narrow is "-3 h".
    return "narrow" if language() == "en" else "short"
