"""What the headers of an answer say, read with distrust: validators, freshness, when to come back.

Promises: pure functions of a header's text; a value that makes no sense counts as absent, and a number that
no calendar holds is cut to one that does.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from aggregator.domain import Validators

_MAX_VALIDATOR_LENGTH = 1024  # longer ones would make our next request one that servers refuse
_MAX_SECONDS = 2**31  # RFC 9111, 1.2.2: what a recipient takes an unrepresentable number for
_MAX_AGE = re.compile(r'(?:^|[\s,])max-age\s*=\s*"?([0-9]+)', re.IGNORECASE)
_DIGITS = re.compile(r"[0-9]+")


def read_validators(etag: str | None, last_modified: str | None) -> Validators:
    """The validators worth keeping: those that can be sent back byte for byte."""
    return Validators(etag=_sendable(etag), last_modified=_sendable(last_modified))


def merge_validators(new: Validators, old: Validators) -> Validators:
    """After a 304: what it says, and what we had where it says nothing (RFC 9110, 15.4.5)."""
    return Validators(etag=new.etag or old.etag, last_modified=new.last_modified or old.last_modified)


def conditional_headers(validators: Validators) -> dict[str, str]:
    """The request headers that let a server answer 304 (RFC 9110, 13.1)."""
    checked = read_validators(validators.etag, validators.last_modified)
    headers = {"If-None-Match": checked.etag, "If-Modified-Since": checked.last_modified}
    return {name: value for name, value in headers.items() if value}


def read_max_age(cache_control: str) -> timedelta | None:
    """`max-age` of a Cache-Control header; None where it has none."""
    match = _MAX_AGE.search(cache_control)
    return timedelta(seconds=_seconds(match[1])) if match else None


def read_retry_after(value: str, now: datetime) -> float | None:
    """The seconds of a Retry-After header, which holds a number of them or a date (RFC 9110, 10.2.3)."""
    text = value.strip()
    if _DIGITS.fullmatch(text):
        return float(_seconds(text))
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max((moment - now).total_seconds(), 0.0), float(_MAX_SECONDS))


def _seconds(digits: str) -> int:
    # Ten digits exceed the bound already; int() refuses thousands of them.
    return _MAX_SECONDS if len(digits) > 10 else min(int(digits), _MAX_SECONDS)


def _sendable(value: str | None) -> str | None:
    text = (value or "").strip()
    fits = text.isascii() and text.isprintable() and len(text) <= _MAX_VALIDATOR_LENGTH
    return text if text and fits else None
