"""Dates as publishers write them, and what must hold for any string."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.feeds.dates import parse_date, read_date

NOW = datetime(2024, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # RFC 822 and RFC 5322, exact and less so
        ("Tue, 15 Nov 2022 20:15:04 +0100", "2022-11-15T19:15:04"),
        ("Tue, 15 Nov 2022 20:15:04 GMT", "2022-11-15T20:15:04"),
        ("15 Nov 2022 20:15 Z", "2022-11-15T20:15:00"),
        ("Tue,15 November 2022 20:15:04 EST", "2022-11-16T01:15:04"),
        ("Thurs, 17th Nov 2022 20:15:04 -00:00", "2022-11-17T20:15:04"),
        ("Sun, 12 Apr 26 17:24:19 +0000", "2026-04-12T17:24:19"),
        ("Fri, 28 May 99 21:03:38 +0000", "1999-05-28T21:03:38"),
        ("Sat, 31 Dec 2016 23:59:60 GMT", "2016-12-31T23:59:59"),
        ("5 Jun 2017 24:05 PDT", "2017-06-05T07:05:00"),
        ("Thu Nov 17 20:15:04 2022", "2022-11-17T20:15:04"),
        ("Thu Nov 12 2020 17:00:00 GMT+0100 (Central European Time)", "2020-11-12T16:00:00"),
        # ISO 8601
        ("2022-11-15T20:15:04Z", "2022-11-15T20:15:04"),
        ("2022-11-15t20:15:04.123456789z", "2022-11-15T20:15:04"),
        ("2022-11-15 20:15:04 +0530", "2022-11-15T14:45:04"),
        ("2022-11-15T20:15:04-05:00Z", "2022-11-16T01:15:04"),
        ("2022-11-15", "2022-11-15T00:00:00"),
        ("2022-11", "2022-11-01T00:00:00"),
        ("2022", "2022-01-01T00:00:00"),
        ("2020/1/10 14:33:00", "2020-01-10T14:33:00"),
        ("2020/01-10 14:33", "2020-01-10T14:33:00"),
        # zones by name
        ("Wed, 09 Jun 2010 01:00:00 CET", "2010-06-09T00:00:00"),
        ("Wed, 09 Jun 2010 02:00:00 CEST", "2010-06-09T00:00:00"),
        ("Wed, 09 Jun 2010 09:00:00 JST", "2010-06-09T00:00:00"),
        ("Wed, 09 Jun 2010 09:00:00 XYZ", "2010-06-09T09:00:00"),
        ("Fri, 31 Mar 2023 20:19:00 America/Los_Angeles", "2023-04-01T03:19:00"),
        ("Fri, 31 Mar 2023 20:19:00 Europe/Paris", "2023-03-31T18:19:00"),
        ("Fri, 31 Mar 2023 20:19:00 America/Argentina", "2023-03-31T20:19:00"),
        ("Fri, 31 Mar 2023 20:19:00 Nowhere/At_All", "2023-03-31T20:19:00"),
        # other languages
        ("mer, 16 nov 2022 00:38:15 +0100", "2022-11-15T23:38:15"),
        ("mar., 01 déc. 2020 16:11:02 +0000", "2020-12-01T16:11:02"),
        ("mar. 3 mars 2020", "2020-03-03T00:00:00"),
        ("Lundi, 16. Novembre 2020 - 15:54", "2020-11-16T15:54:00"),
        ("le 1er août 2023 à 14h05", "2023-08-01T14:05:00"),
        ("5 juin 2023", "2023-06-05T00:00:00"),
        ("5 JUILLET 2023", "2023-07-05T00:00:00"),
        ("Do, 29 Mär 2018 00:00:00 +0200", "2018-03-28T22:00:00"),
        ("30.10.23", "2023-10-30T00:00:00"),
        ("Sex, 03 Jan 2025 10:00:00 -0300", "2025-01-03T13:00:00"),
        ("1 de março de 2021", "2021-03-01T00:00:00"),
        ("sábado, 7 mayo 2022", "2022-05-07T00:00:00"),
        ("gio, 12 gen 2023 08:00", "2023-01-12T08:00:00"),
        ("śr., 16 lis 2022 10:00:00 +0100", "2022-11-16T09:00:00"),
        ("16 listopadu 2022", "2022-11-16T00:00:00"),
        ("ср, 16 ноября 2022 10:00", "2022-11-16T10:00:00"),
        ("16 marraskuuta 2022", "2022-11-16T00:00:00"),
        ("16 Ağustos 2022 Salı", "2022-08-16T00:00:00"),
        ("2022. november 16.", "2022-11-16T00:00:00"),
        # American, and Drupal
        ("Friday, December 22, 2017 - 3:09pm", "2017-12-22T15:09:00"),
        ("Nov. 16, 2020, 12:57 a.m.", "2020-11-16T00:57:00"),
        ("09/15/2014 4:20 pm PST", "2014-09-16T00:20:00"),
        ("Mon, 03/30/2020 - 19:19", "2020-03-30T19:19:00"),
        ("Fri, 26/06/2020", "2020-06-26T00:00:00"),
        ("10/11/2020", "2020-10-11T00:00:00"),
        ("mar. 10/11/2020", "2020-11-10T00:00:00"),
        # a clock's seconds, and its milliseconds
        ("1520932969", "2018-03-13T09:22:49"),
        ("1520932969000", "2018-03-13T09:22:49"),
    ],
)
def test_date(text: str, expected: str) -> None:
    moment = parse_date(f" {text}\n", now=NOW)
    assert moment is not None
    assert moment.replace(microsecond=0) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "abc",
        "2010-",
        "Nov 5",
        "99",
        "31 Feb 2020",
        "2020-13-40",
        "28 Xyz 2024",
        "28 Xyz 10",
        "32 Xyz 2010",
        "28 May 2010 21:03 +9900",
        "9999-12-31T23:59:59-12:00",
        # the zeros of programs
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "0001-01-01T00:00:00Z",
        "Wed, 31 Dec 1969 23:59:59 GMT",
        "0000000000",
    ],
)
def test_no_date_is_guessed(text: str) -> None:
    assert parse_date(text, now=NOW) is None


def test_as_the_writers_of_other_readers_mean_it() -> None:
    assert read_date("Fri, 28 Xyz 2010 21:03:38 GMT") == datetime(2010, 1, 28, 21, 3, 38, tzinfo=UTC)
    assert read_date("Fri, 28 May 99 21:03:38 +0000") == datetime(2099, 5, 28, 21, 3, 38, tzinfo=UTC)
    assert read_date("Mon, 01 Jan 0001 00:00:00 UTC") == datetime(1, 1, 1, tzinfo=UTC)


def test_of_an_unknown_month_the_year_stays_where_it_is_past() -> None:
    text = "28 Xyz 2010 21:03:38 GMT"
    assert parse_date(text, now=NOW) == datetime(2010, 1, 28, 21, 3, 38, tzinfo=UTC)
    assert parse_date(text, now=datetime(2010, 12, 1, tzinfo=UTC)) is None


def test_two_digits_are_a_year_of_the_last_century_where_this_one_has_not_come_so_far() -> None:
    assert parse_date("Fri, 28 May 99 21:03:38 +0000", now=NOW) == datetime(
        1999, 5, 28, 21, 3, 38, tzinfo=UTC
    )
    assert parse_date("28 May 26", now=datetime(2026, 5, 27, tzinfo=UTC)) == datetime(2026, 5, 28, tzinfo=UTC)
    assert parse_date("28 May 2099", now=NOW) == datetime(2099, 5, 28, tzinfo=UTC)


def test_long_strings_are_refused_at_once() -> None:
    started = process_time()
    for text in ("1 " * 100_000, "x" * 200_000, " " * 100_000 + "2020-01-01" + "0" * 100):
        assert parse_date(text, now=NOW) is None
    assert process_time() - started < 0.3  # the names of months are loaded once


@given(st.text(alphabet="0123456789 :/-.,+TZJanFebMärseptembrdéc()apm", max_size=100) | st.text(max_size=100))
def test_any_string_is_none_or_a_moment_in_utc(text: str) -> None:
    moment = parse_date(text, now=NOW)
    assert moment is None or (moment.utcoffset() == timedelta(0) and moment.year >= 1970)


@given(st.integers(1, 200_000_000_000))
def test_what_is_written_is_read(seconds: int) -> None:
    moment = datetime.fromtimestamp(seconds, UTC)
    for form in ("%a, %d %b %Y %H:%M:%S +0000", "%Y-%m-%dT%H:%M:%SZ", "%A, %B %d, %Y - %I:%M:%S%p"):
        assert parse_date(moment.strftime(form), now=NOW) == moment
