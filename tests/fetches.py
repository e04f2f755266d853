"""Fetches of one URL or of several, for tests of the fetcher against a server on the loopback."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from aggregator.domain import Fetched, NotModified, Validators
from aggregator.feeds.fetching import Fetcher
from aggregator.policies import FetchLimits

if TYPE_CHECKING:
    from aggregator.errors import FetchError

LOOPBACK = FetchLimits(allowed_networks=("127.0.0.0/8",), timeout=timedelta(seconds=5))
RSS = b"<rss version='2.0'><channel><title>News</title></channel></rss>"


def fetch(
    url: str, validators: Validators | None = None, limits: FetchLimits = LOOPBACK
) -> Fetched | NotModified:
    async def run() -> Fetched | NotModified:
        async with Fetcher(limits, version="1.2") as fetcher:
            return await fetcher.fetch(url, validators or Validators())

    return asyncio.run(run())


def fetch_all(urls: list[str], limits: FetchLimits = LOOPBACK) -> list[Fetched | NotModified | BaseException]:
    """All at once, by one fetcher."""

    async def run() -> list[Fetched | NotModified | BaseException]:
        async with Fetcher(limits, version="1.2") as fetcher:
            return await asyncio.gather(*map(fetcher.fetch, urls), return_exceptions=True)

    return asyncio.run(run())


def document(url: str, validators: Validators | None = None, limits: FetchLimits = LOOPBACK) -> Fetched:
    found = fetch(url, validators, limits)
    assert isinstance(found, Fetched)
    return found


def failing(kind: type[FetchError], url: str, limits: FetchLimits = LOOPBACK) -> FetchError:
    with pytest.raises(kind) as caught:
        fetch(url, limits=limits)
    assert type(caught.value) is kind
    assert caught.value.subject == url
    return caught.value
