"""Every feature that fetches, against forged addresses, in a process that nothing leaves.

    python tests/sealed.py FOLDER STEP

Takes each STEP-th line of the corpus. Python's hook notes where a connection was to go and refuses it, but
for the loopback server that plays the sites; names are not found. Writes as JSON, for each feature, the
addresses that were to be connected to.
"""

from __future__ import annotations

import errno
import json
import socket
import sys
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from feedserver import FeedServer, Response
from library import an_entry, make_library, owner, publish

from aggregator.completing import Completer
from aggregator.domain import Schedule, Validators
from aggregator.errors import FeedError
from aggregator.feeds.documents import DocumentReader
from aggregator.icons import IconCollector
from aggregator.pictures import Pictures
from aggregator.policies import FetchLimits, PicturePolicy, RefreshPolicy
from aggregator.pushing import Pusher
from aggregator.refreshing import Refresher
from aggregator.storage import feeds, icons, push, subscriptions, wantedtexts
from aggregator.subscribing import Subscriber

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from aggregator.storage.engine import Database

CORPUS = Path(__file__).parent / "corpus" / "ssrf" / "urls.jsonl"
SITE = "127.77.1.9"
"""The one host that the operator allows; no forged address names it."""
LIMITS = FetchLimits(
    allowed_networks=(SITE,), timeout=timedelta(seconds=5), connect_timeout=timedelta(seconds=2)
)
RSS = "<rss version='2.0'><channel><title>T</title>%s</channel></rss>"

reached: set[str] = set()


def _seal(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        host = str(arguments[1][0])
        if host != SITE:
            reached.add(host)
            raise ConnectionRefusedError(errno.ECONNREFUSED, "sealed")
    elif event == "socket.getaddrinfo" and arguments[0] not in (SITE, SITE.encode()):
        raise socket.gaierror(socket.EAI_NONAME, "sealed")


class Attack:
    def __init__(self, folder: Path, urls: Sequence[str], server: FeedServer) -> None:
        self._folder = folder
        self._urls = urls
        self._server = server

    def _library(self, name: str, urls: Sequence[str], site: Sequence[str | None]) -> Database:
        """Feeds at these addresses, never judged before, due at once; their sites."""
        folder = self._folder / name
        folder.mkdir()
        database = make_library(folder)
        reader, now = owner(database), datetime.now(UTC) - timedelta(minutes=10)
        with database.write() as connection:
            for url, page in zip(urls, site, strict=True):
                feed_id = feeds.ensure_feed(connection, url, title="", site_url=page, now=now)
                subscriptions.subscribe(connection, reader, feed_id, title=None, category=(), now=now)
        return database

    def _refresh(self, name: str, urls: Sequence[str]) -> None:
        with (
            self._library(name, urls, [None] * len(urls)) as database,
            DocumentReader(workers=1, timeout=timedelta(seconds=5)) as documents,
        ):
            report = Refresher(
                database=database,
                documents=documents,
                link=lambda: 0,
                limits=LIMITS,
                policy=RefreshPolicy(),
                version="0",
            ).refresh(everything=True)
            assert report.feeds == len(set(urls))

    def feed(self) -> None:
        self._refresh("feed", self._urls)

    def redirect(self) -> None:
        places = [f"/redirect/{number}" for number in range(len(self._urls))]
        for place, url in zip(places, self._urls, strict=True):
            header = url.encode("ascii", "ignore").decode().replace("\r", "").replace("\n", "")
            self._server.routes[place] = Response(status=302, headers={"Location": header})
        self._refresh("redirect", [self._server.url(place) for place in places])

    def page(self) -> None:
        """The feed that a page announces; the feed that a person adds."""
        with (
            self._library("page", (), ()) as database,
            DocumentReader(workers=1, timeout=timedelta(seconds=5)) as documents,
        ):
            subscriber = Subscriber(database=database, documents=documents, limits=LIMITS, version="0")
            for number, url in enumerate(self._urls):
                head = f'<html><head><link rel=alternate type="application/rss+xml" href="{url}">'
                html = Response(body=head.encode("utf-8", "replace"), headers={"Content-Type": "text/html"})
                self._server.routes[f"/page/{number}"] = html
                for address in (self._server.url(f"/page/{number}"), url):
                    with suppress(FeedError):
                        subscriber.add(owner(database), address, now=datetime.now(UTC))

    def icon(self) -> None:
        """Of sites at these addresses, and named by pages."""
        places = [f"/feed/{number}" for number in range(len(self._urls))]
        named = "".join(f'<link rel=icon href="{url}">' for url in self._urls[:2])
        self._server.routes["/site"] = Response(body=f"<html><head>{named}".encode())
        urls = [self._server.url(place) for place in (*places, "/feed/of-a-page")]
        now = datetime.now(UTC)
        with (
            self._library("icon", urls, [*self._urls, self._server.url("/site")]) as database,
            DocumentReader(workers=1, timeout=timedelta(seconds=5)) as documents,
        ):
            with database.write() as connection:
                schedule = Schedule(checked_at=now, next_fetch_at=now, interval=timedelta(hours=1))
                for feed_id in range(1, len(urls) + 1):
                    feeds.record_success(
                        connection, feed_id, schedule, validators=Validators(), body_hash="x"
                    )
            collector = IconCollector(database=database, documents=documents, limits=LIMITS, version="0")
            for _ in urls:
                collector.collect()
                with database.read() as connection:
                    if not icons.list_wanted(connection, now=now, again_after=timedelta(days=30), limit=1):
                        break

    def picture(self) -> None:
        """Of articles, at these addresses and behind redirects."""
        places = [self._server.url(f"/redirect/{number}") for number in range(len(self._urls))]
        with Pictures(self._folder / "pictures", PicturePolicy(), LIMITS, version="0") as pictures:
            for address in (*self._urls, *places):
                pictures.get(address)

    def text(self) -> None:
        """Of articles at these addresses, which a person asks for, and which wait."""
        with (
            self._library("text", ["https://a.example/feed"], [None]) as database,
            DocumentReader(workers=1, timeout=timedelta(seconds=5)) as documents,
        ):
            completer = Completer(
                database=database, documents=documents, limits=LIMITS, policy=RefreshPolicy(), version="0"
            )
            now = datetime.now(UTC)
            with database.write() as connection:
                wantedtexts.want_always(connection, owner(database), 1, since=now)
            for start in range(0, len(self._urls), 20):
                some = [an_entry(url, url=url) for url in self._urls[start : start + 20]]
                ids = publish(database, 1, *some, now=now)
                while completer.complete_waiting() or _is_due(database, now):
                    pass
                for entry_id in ids[::10]:
                    with suppress(FeedError):
                        completer.complete(owner(database), entry_id, now=now + timedelta(hours=1))

    def hub(self) -> None:
        urls = [self._server.url(f"/pushed/{number}") for number in range(len(self._urls))]
        with self._library("hub", urls, [None] * len(urls)) as database:
            with database.write() as connection:
                for number, url in enumerate(self._urls, 1):
                    push.record_hub(connection, number, url, urls[number - 1])
            pusher = Pusher(database=database, limits=LIMITS, version="0", public_url="https://r.example/")
            while pusher.renew(now=datetime.now(UTC)):
                pass


def _is_due(database: Database, now: datetime) -> bool:
    with database.read() as connection:
        return bool(wantedtexts.list_due(connection, now=now + timedelta(seconds=1), limit=1))


def main(folder: Path, step: int) -> None:
    rows = [json.loads(line) for line in CORPUS.read_text("utf-8").splitlines()]
    urls = [row["url"] for row in rows[::step]] + [row["url"] for row in rows if row["expect"] == "allow"]
    urls = list(dict.fromkeys(url for url in urls if "\0" not in url))
    said: dict[str, list[str]] = {}
    sys.addaudithook(_seal)
    with FeedServer(addresses=(SITE,)) as server:
        attack = Attack(folder, urls, server)
        features: dict[str, Callable[[], None]] = {
            "feed": attack.feed,
            "redirect": attack.redirect,
            "page": attack.page,
            "icon": attack.icon,
            "picture": attack.picture,
            "hub": attack.hub,
            "text": attack.text,
        }
        for name, run in features.items():
            reached.clear()
            run()
            said[name] = sorted(reached)
    print(json.dumps(said))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
