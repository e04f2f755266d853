"""WebSub from end to end: a publisher, a hub and our pages, each a real server on loopback."""

from __future__ import annotations

import hashlib
import hmac
import threading
import urllib.error
import urllib.request
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlencode

import pytest
from feedserver import FeedServer, Request, Response
from library import NOW, follow, owner
from waitress.server import create_server
from webapp import Site, make_site

from aggregator.policies import FetchLimits, RefreshPolicy
from aggregator.pushing import Pusher, is_due, is_signed
from aggregator.refreshing import Refresher
from aggregator.storage import push, subscriptions
from aggregator.storage.push import PushSubscription
from web.services import EXTENSION

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LIMITS = FetchLimits(allowed_networks=("127.0.0.0/8",), timeout=timedelta(seconds=5))
HERE, THERE = "127.0.0.1", "127.0.0.2"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def rss(hub: str, *titles: str) -> bytes:
    items = "".join(f"<item><guid>{title}</guid><title>{title}</title></item>" for title in titles)
    link = f'<atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="hub" href="{hub}"/>' if hub else ""
    return f'<rss version="2.0"><channel><title>Journal</title>{link}{items}</channel></rss>'.encode()


@dataclass(slots=True, kw_only=True)
class Hub:
    """Verifies and pushes as hubs do. `asked` are the forms that it got."""

    server: FeedServer
    status: int = 202
    asked: list[dict[str, str]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.server.url("/hub", THERE)

    def answer(self, request: Request) -> Response:
        self.asked.append({name: values[0] for name, values in parse_qs(request.body.decode()).items()})
        return Response(status=self.status)

    def verify(self, **changed: str) -> tuple[int, str]:
        """Ask our pages whether they meant the last form."""
        form = self.asked[-1]
        query = {
            "hub.mode": "subscribe",
            "hub.topic": form["hub.topic"],
            "hub.challenge": "are you there?",
            "hub.lease_seconds": form["hub.lease_seconds"],
        }
        return ask(f"{form['hub.callback']}?{urlencode(query | changed)}")

    def push(self, body: bytes, *, method: str = "sha256", secret: str | None = None) -> int:
        form = self.asked[-1]
        key = (form["hub.secret"] if secret is None else secret).encode()
        signature = f"{method}={hmac.new(key, body, method).hexdigest()}"
        return ask(form["hub.callback"], body, {"X-Hub-Signature": signature})[0]


def ask(url: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> tuple[int, str]:
    request = urllib.request.Request(url, data=body, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, ""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with make_site(tmp_path) as made:
        services = replace(made.app.extensions[EXTENSION], clock=lambda: datetime.now(UTC))
        made.app.extensions[EXTENSION] = services
        yield made


@pytest.fixture
def public_url(site: Site) -> Iterator[str]:
    """Where the Internet reaches our pages, as a proxy would pass it on."""
    server = create_server(site.app, host="127.0.0.1", port=0, threads=4)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.effective_port}/"
    server.trigger.pull_trigger(server.close)
    thread.join(10)
    server.task_dispatcher.shutdown()


@pytest.fixture
def hub() -> Iterator[Hub]:
    with FeedServer(addresses=(HERE, THERE)) as server:
        made = Hub(server=server)
        server.routes["/hub"] = made.answer
        server.routes["/feed"] = Response(body=rss(made.url, "One"))
        yield made


@pytest.fixture
def refresher(site: Site) -> Refresher:
    return Refresher(
        database=site.database,
        documents=site.documents,
        link=lambda: 0,
        limits=LIMITS,
        policy=RefreshPolicy(),
        version="0",
        pushes=True,
    )


@pytest.fixture
def pusher(site: Site, public_url: str) -> Pusher:
    return Pusher(database=site.database, limits=LIMITS, version="0", public_url=public_url)


def now() -> datetime:
    return datetime.now(UTC)


def known(site: Site, feed: int) -> subscriptions.Subscription:
    with site.database.read() as connection:
        return subscriptions.get_subscription(connection, owner(site.database), feed)


def wait(site: Site, feed: int) -> timedelta:
    return known(site, feed).state.next_fetch_at - now()


@pytest.fixture
def pushed(site: Site, hub: Hub, refresher: Refresher, pusher: Pusher) -> int:
    """A feed whose hub has been asked and has granted."""
    feed = follow(site.database, hub.server.url("/feed"), "A", now=LONG_AGO)
    refresher.refresh()
    assert pusher.renew(now=now()) == 1
    assert hub.verify() == (200, "are you there?")
    return feed


# ── the whole way ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("method", ["sha1", "sha256", "sha384", "sha512"])
def test_what_a_hub_pushes_is_fetched_from_its_publisher(
    site: Site, hub: Hub, refresher: Refresher, pushed: int, method: str
) -> None:
    form = hub.asked[-1]
    assert (form["hub.mode"], form["hub.topic"]) == ("subscribe", hub.server.url("/feed"))
    assert len(form["hub.secret"]) > 30
    assert wait(site, pushed) > timedelta(minutes=50)
    hub.server.routes["/feed"] = Response(body=rss(hub.url, "One", "Two"))
    assert hub.push(rss(hub.url, "Two", "Forged by the hub"), method=method) == 202
    assert site.refreshes == [False]
    assert wait(site, pushed) <= timedelta(minutes=1)  # once a minute at most
    report = refresher.refresh(everything=True)
    assert report.new_entries == 1
    page = site.get(f"/feeds/{pushed}").text
    assert "Two" in page
    assert "Forged" not in page
    assert wait(site, pushed) > 5 * HOUR  # polled less often while the hub pushes


def test_a_hub_in_a_link_header_is_one(site: Site, hub: Hub, refresher: Refresher, pusher: Pusher) -> None:
    topic = hub.server.url("/topic")
    link = f'<{hub.url}>; rel="hub", <{topic}>; rel="self"'
    hub.server.routes["/feed"] = Response(body=rss("", "One"), headers={"Link": link})
    follow(site.database, hub.server.url("/feed"), "A", now=LONG_AGO)
    refresher.refresh()
    pusher.renew(now=now())
    assert [form["hub.topic"] for form in hub.asked] == [topic]


def test_without_a_public_address_no_hub_is_asked(site: Site, hub: Hub, refresher: Refresher) -> None:
    follow(site.database, hub.server.url("/feed"), "A", now=LONG_AGO)
    replace(refresher, pushes=False).refresh()
    with site.database.read() as connection:
        assert push.list_wanted(connection, ends_before=now() + 99 * DAY) == ()


# ── what is not believed ─────────────────────────────────────────────────────────────────────────


def test_only_what_bears_the_signature_counts(site: Site, hub: Hub, pushed: int) -> None:
    before = known(site, pushed).state.next_fetch_at
    callback, body = hub.asked[-1]["hub.callback"], b"<rss/>"
    assert hub.push(body, secret="guessed") == 202
    for signature in ("", "sha256=", "md5=" + hashlib.md5(body).hexdigest(), "sha256=é", "=", "sha256"):
        headers = {"X-Hub-Signature": signature.encode().decode("latin-1")}
        assert ask(callback, body, headers)[0] == 202
    assert ask(callback, body)[0] == 202
    assert (site.refreshes, known(site, pushed).state.next_fetch_at) == ([], before)


def test_a_grant_that_nobody_asked_for_is_refused(site: Site, hub: Hub, pushed: int) -> None:
    callback = hub.asked[-1]["hub.callback"]
    until = known(site, pushed).state.pushed_until
    assert hub.verify(**{"hub.topic": "https://other.example/"})[0] == 404
    assert hub.verify(**{"hub.mode": "unsubscribe"})[0] == 404
    assert hub.verify(**{"hub.challenge": ""})[0] == 404
    assert hub.verify(**{"hub.challenge": "x" * 3000})[0] == 404
    assert ask(callback)[0] == 404
    assert ask(callback[:-3] + "abc?hub.mode=subscribe")[0] == 404
    assert known(site, pushed).state.pushed_until == until


def test_a_body_that_is_too_large_is_refused(site: Site, hub: Hub, pushed: int) -> None:
    assert hub.push(b"x" * 10_000_001) == 413
    assert site.refreshes == []


def test_a_hub_that_never_rests_is_slowed_down(site: Site, hub: Hub, pushed: int) -> None:
    statuses = [hub.push(b"<rss/>") for _ in range(70)]
    assert statuses.count(429) >= 5
    assert statuses[0] == 202
    assert len(site.refreshes) == 1  # one hint is as good as seventy


def test_a_hub_is_told_to_forget_a_feed_that_nobody_follows(site: Site, hub: Hub, pushed: int) -> None:
    site.post(f"/feeds/{pushed}/remove")
    assert hub.push(b"<rss/>") == 410
    assert ask(hub.asked[-1]["hub.callback"][:-4] + "none", b"x")[0] == 410


def test_under_the_public_name_nothing_else_is_shown(site: Site, hub: Hub, pushed: int) -> None:
    path = "/push/" + hub.asked[-1]["hub.callback"].rpartition("/")[2]
    strange = {"Host": "reader.example"}
    assert site.client.post(path, headers=strange).status_code == 202
    assert site.client.get("/", headers=strange).status_code == 421
    assert site.client.get("/feeds", headers=strange).status_code == 421


def test_a_hub_in_a_private_network_is_not_asked(site: Site, hub: Hub, refresher: Refresher) -> None:
    follow(site.database, hub.server.url("/feed"), "A", now=LONG_AGO)
    hub.server.routes["/feed"] = Response(body=rss("http://10.0.0.1/hub", "One"))
    refresher.refresh()
    careful = Pusher(
        database=site.database, limits=FetchLimits(), version="0", public_url="https://a.example"
    )
    assert careful.renew(now=now()) == 1
    assert careful.renew(now=now() + HOUR) == 0
    assert hub.asked == []


# ── how long it lasts ────────────────────────────────────────────────────────────────────────────


def test_a_grant_is_renewed_before_it_ends(site: Site, hub: Hub, pusher: Pusher, pushed: int) -> None:
    assert pusher.renew(now=now() + 5 * DAY) == 0
    assert pusher.renew(now=now() + 6 * DAY) == 1
    assert len(hub.asked) == 2
    assert hub.asked[0]["hub.callback"] == hub.asked[1]["hub.callback"]


@pytest.mark.parametrize(
    ("seconds", "granted"),
    [("3600", HOUR), ("1", HOUR), ("999999999", 30 * DAY), ("", 7 * DAY), ("-5", 7 * DAY), ("1e9", 7 * DAY)],
)
def test_a_lease_lies_within_bounds(
    site: Site, hub: Hub, pushed: int, seconds: str, granted: timedelta
) -> None:
    assert hub.verify(**{"hub.lease_seconds": seconds})[0] == 200
    until = known(site, pushed).state.pushed_until
    assert until is not None
    assert abs(until - now() - granted) < timedelta(minutes=1)


def test_a_hub_that_denies_leaves_the_feed_to_polling(
    site: Site, hub: Hub, refresher: Refresher, pushed: int
) -> None:
    refresher.refresh(everything=True)
    assert wait(site, pushed) > 5 * HOUR
    assert hub.verify(**{"hub.mode": "denied", "hub.reason": "no"})[0] == 200
    assert known(site, pushed).state.pushed_until is None
    assert wait(site, pushed) <= HOUR


def test_a_hub_that_is_down_costs_nothing_but_time(
    site: Site, hub: Hub, refresher: Refresher, pusher: Pusher
) -> None:
    hub.status = 500
    feed = follow(site.database, hub.server.url("/feed"), "A", now=LONG_AGO)
    refresher.refresh()
    assert pusher.renew(now=now()) == 1
    assert pusher.renew(now=now() + HOUR) == 0
    assert pusher.renew(now=now() + 7 * HOUR) == 1
    assert known(site, feed).state.failures == 0
    assert wait(site, feed) < 2 * HOUR


def test_another_hub_is_asked_anew(
    site: Site, hub: Hub, refresher: Refresher, pusher: Pusher, pushed: int
) -> None:
    first = hub.asked[-1]["hub.callback"]
    hub.server.routes["/hub2"] = hub.answer
    hub.server.routes["/feed"] = Response(body=rss(hub.server.url("/hub2", THERE), "One"))
    refresher.refresh(everything=True)
    assert known(site, pushed).state.pushed_until is None
    pusher.renew(now=now())
    assert hub.asked[-1]["hub.callback"] != first
    hub.server.routes["/feed"] = Response(body=rss("", "One", "Two"))
    refresher.refresh(everything=True)
    assert pusher.renew(now=now() + 30 * DAY) == 0


# ── decisions ────────────────────────────────────────────────────────────────────────────────────


def test_a_signature_is_that_of_the_secret_and_the_body() -> None:
    digest = hmac.new(b"secret", b"body", "sha256").hexdigest()
    assert is_signed("secret", f"sha256={digest}", b"body")
    assert is_signed("secret", f" SHA256={digest.upper()} ", b"body")
    assert not is_signed("secret", f"sha512={digest}", b"body")
    assert not is_signed("other", f"sha256={digest}", b"body")
    assert not is_signed("secret", f"sha256={digest}", b"bodies")


@pytest.mark.parametrize(
    ("asked", "until", "due"),
    [
        (None, None, True),
        (-HOUR, None, False),
        (-7 * HOUR, None, True),
        (DAY, None, True),  # the clock was set back
        (-HOUR, 7 * DAY, False),
        (-6 * DAY, DAY, True),
        (-HOUR / 2, HOUR / 2, False),
        (-HOUR, HOUR / 4, True),
        (-8 * DAY, -DAY, True),
    ],
)
def test_when_a_hub_is_asked(asked: timedelta | None, until: timedelta | None, due: bool) -> None:
    subscription = PushSubscription(
        feed_id=1,
        hub_url="",
        topic_url="",
        token="",
        secret="",
        asked_at=None if asked is None else NOW + asked,
        until=None if until is None else NOW + until,
    )
    assert is_due(subscription, NOW) is due
