"""Where a fetch may go: redirects, and who may be asked at all."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from feedserver import FeedServer, Response
from fetches import LOOPBACK, RSS, document, failing, fetch

from aggregator.domain import Validators
from aggregator.errors import AddressRefused, BadStatus, Unreachable
from aggregator.policies import FetchLimits

HERE, THERE = "127.0.0.1", "127.0.0.2"


# ── redirects ────────────────────────────────────────────────────────────────────────────────────


def redirect(location: str, status: int = 302) -> Response:
    return Response(status=status, headers={"Location": location})


def test_a_chain_of_redirects_is_followed() -> None:
    routes = {f"/{n}": redirect(f"/{n + 1}", status) for n, status in enumerate((301, 302, 303, 307, 308))}
    with FeedServer({**routes, "/5": Response(body=RSS)}) as server:
        found = document(server.url("/0"))
        assert found.url == server.url("/5")
    assert found.body == RSS


def test_one_redirect_too_many() -> None:
    routes = {f"/{n}": redirect(f"/{n + 1}") for n in range(9)}
    with FeedServer(routes) as server:
        error = failing(BadStatus, server.url("/0"))
    assert "more than 5" in error.detail
    assert server.paths() == [f"/{n}" for n in range(6)]


def test_a_redirect_in_a_circle() -> None:
    with FeedServer({"/a": redirect("/b"), "/b": redirect("/a#again")}) as server:
        error = failing(BadStatus, server.url("/a"))
    assert "circle" in error.detail
    assert server.paths() == ["/a", "/b"]


@pytest.mark.parametrize("headers", [{}, {"Location": ""}])
def test_a_redirect_to_nowhere(headers: dict[str, str]) -> None:
    with FeedServer({"/": Response(status=301, headers=headers)}) as server:
        error = failing(BadStatus, server.url())
    assert isinstance(error, BadStatus)
    assert error.status == 301
    assert "without saying where" in error.detail


@pytest.mark.parametrize(
    "location", ["file:///etc/passwd", "javascript:alert(1)", "http://u:p@127.0.0.1/", "//["]
)
def test_a_redirect_to_what_is_no_web_address(location: str) -> None:
    with FeedServer({"/": redirect(location)}) as server:
        assert "redirects to" in failing(AddressRefused, server.url()).detail


def test_a_redirect_into_a_network_that_is_not_allowed() -> None:
    with FeedServer({"/": redirect("http://10.0.0.1/secret")}) as server:
        error = failing(AddressRefused, server.url())
    assert "redirected to http://10.0.0.1/secret" in error.detail
    assert "10.0.0.1 is in a private network" in error.detail
    assert "fetch.allowed_networks" in error.advice


def test_validators_are_not_shown_to_another_origin() -> None:
    with FeedServer(addresses=(HERE, THERE)) as server:
        server.routes = {
            "/": redirect("/here"),
            "/here": redirect(server.url("/there", THERE)),
            "/there": Response(body=RSS),
        }
        fetch(server.url(), Validators(etag='"one"', last_modified="x"))
    asked = {request.path: "if-none-match" in request.headers for request in server.requests}
    assert asked == {"/": True, "/here": True, "/there": False}


def test_the_time_is_for_all_redirects_together() -> None:
    with FeedServer({f"/{n}": redirect(f"/{n + 1}") for n in range(9)}, latency=0.2) as server:
        error = failing(Unreachable, server.url("/0"), replace(LOOPBACK, timeout=timedelta(seconds=0.5)))
    assert "no answer within 0.5 s" in error.detail
    assert len(server.requests) <= 3  # the first alone would have answered in time


def test_a_latin1_location_is_followed_byte_for_byte() -> None:
    with FeedServer({"/": redirect("/café"), "/caf%E9": Response(body=RSS)}) as server:
        assert document(server.url()).body == RSS


# ── who may be asked ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_this_machine_is_not_fetched_from_by_default(host: str) -> None:
    with FeedServer({"/": Response(body=RSS)}) as server:
        url = server.url(address=host)
        limits = FetchLimits(allowed_ports=(server.port,))
        assert "127.0.0.1 is this machine itself" in failing(AddressRefused, url, limits).detail
    assert server.requests == []


def test_a_host_is_allowed_by_its_name() -> None:
    with FeedServer({"/": Response(body=RSS)}) as server:
        limits = replace(LOOPBACK, allowed_networks=("localhost",))
        assert document(server.url(address="localhost"), limits=limits).body == RSS
        failing(AddressRefused, server.url(), limits)
