"""Politeness: one request at a time to a host, a few hosts at once, nobody hurt by another's failure."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

from feedserver import FeedServer, Raw, Response
from fetches import LOOPBACK, RSS, fetch_all

from aggregator.domain import Fetched, NotModified
from aggregator.errors import AddressRefused, Unreachable
from aggregator.feeds.fetching import Fetcher

HOSTS = tuple(f"127.0.0.{number}" for number in range(1, 9))


def test_one_request_at_a_time_to_a_host_and_several_hosts_at_once() -> None:
    with FeedServer({"/": Response(body=RSS)}, addresses=HOSTS, latency=0.05) as server:
        found = fetch_all([server.url(address=host) for host in HOSTS for _ in range(4)])
    assert all(isinstance(outcome, Fetched) for outcome in found)
    assert {server.busiest[host] for host in HOSTS} == {1}
    assert server.busiest[""] > len(HOSTS) / 2


def test_no_more_hosts_at_once_than_allowed() -> None:
    with FeedServer({"/": Response(body=RSS)}, addresses=HOSTS, latency=0.05) as server:
        fetch_all([server.url(address=host) for host in HOSTS], replace(LOOPBACK, concurrency=3))
    assert server.busiest[""] == 3


def test_the_turn_in_the_queue_is_not_counted() -> None:
    with FeedServer({"/": Response(body=RSS)}, latency=0.2) as server:
        found = fetch_all([server.url()] * 6, replace(LOOPBACK, timeout=timedelta(seconds=0.6)))
    assert all(isinstance(outcome, Fetched) for outcome in found)


def test_a_connection_is_kept_while_somebody_waits_for_the_host_and_no_longer() -> None:
    with FeedServer({"/": Response(body=RSS)}) as server:
        fetch_all([server.url()] * 4)
    *_, second, third, last = server.requests
    assert second.connection == third.connection == last.connection
    assert second.headers.get("connection") is None
    assert last.headers["connection"] == "close"


def test_one_failure_does_not_touch_the_others() -> None:
    with FeedServer({"/": Response(body=RSS), "/broken": Raw(b"garbage")}) as server:
        found = fetch_all([server.url("/broken"), server.url(), "http://10.0.0.1/", server.url()])
    assert [type(outcome) for outcome in found] == [Unreachable, Fetched, AddressRefused, Fetched]


def test_a_cancelled_fetch_gives_its_turn_back() -> None:
    async def run(server: FeedServer) -> Fetched | NotModified:
        async with Fetcher(LOOPBACK, version="1.2") as fetcher:
            slow = asyncio.create_task(fetcher.fetch(server.url("/slow")))
            await asyncio.sleep(0.1)
            slow.cancel()
            return await fetcher.fetch(server.url())

    with FeedServer({"/": Response(body=RSS), "/slow": Response(latency=30)}) as server:
        assert isinstance(asyncio.run(run(server)), Fetched)
