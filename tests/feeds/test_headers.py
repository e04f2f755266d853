"""Headers are other people's text: what makes sense is read, the rest counts as absent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.domain import Validators
from aggregator.feeds.headers import (
    conditional_headers,
    merge_validators,
    read_max_age,
    read_retry_after,
    read_validators,
)

NOW = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        ("  60  ", 60.0),
        ("0", 0.0),
        ("Tue, 01 Jan 2030 00:02:00 GMT", 120.0),
        ("Tue, 01 Jan 2030 01:02:00 +0100", 120.0),
        ("Tuesday, 01-Jan-30 00:02:00 GMT", 120.0),
        ("Mon, 01 Jan 2029 00:00:00 GMT", 0.0),
        ("99999999999999999999", 2.0**31),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 2.0**31),
        ("", None),
        ("-5", None),
        ("1e9", None),
        ("soon", None),
        ("Wed, 99 Foo 2015", None),
    ],
)
def test_retry_after(value: str, seconds: float | None) -> None:
    assert read_retry_after(value, NOW) == seconds


@given(st.text())
def test_retry_after_reads_any_text(value: str) -> None:
    seconds = read_retry_after(value, NOW)
    assert seconds is None or 0 <= seconds <= 2**31


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("max-age=3600", 3600),
        ("public, Max-Age=60", 60),
        ('no-cache,max-age="5"', 5),
        ("s-maxage=10, max-age=20", 20),
        ("max-age=99999999999999999999", 2**31),
        ("s-maxage=10", None),
        ("max-age=-1", None),
        ("", None),
    ],
)
def test_max_age(value: str, seconds: int | None) -> None:
    assert read_max_age(value) == (None if seconds is None else timedelta(seconds=seconds))


def test_validators_that_cannot_be_sent_back_are_not_kept() -> None:
    assert read_validators('W/"a"', "yesterday") == Validators(etag='W/"a"', last_modified="yesterday")
    for bad in ("", "  ", '"é"', '"a\tb"', '"a"\r\nX: y', f'"{"e" * 10_000}"'):
        assert read_validators(bad, bad) == Validators()
        assert conditional_headers(Validators(etag=bad, last_modified=bad)) == {}


def test_conditional_headers() -> None:
    assert conditional_headers(Validators(etag='"a"')) == {"If-None-Match": '"a"'}
    assert conditional_headers(Validators(last_modified="x")) == {"If-Modified-Since": "x"}


def test_a_304_that_names_no_validators_leaves_ours() -> None:
    ours = Validators(etag='"a"', last_modified="x")
    assert merge_validators(Validators(), ours) == ours
    assert merge_validators(Validators(etag='"b"'), ours) == Validators(etag='"b"', last_modified="x")
