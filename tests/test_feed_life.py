"""The lives of 74 feeds, each played through the real refresh against a server on the loopback.

A scenario is a line of `corpus/feed-life/scenarios.jsonl`: steps (what the server answers, what goes wrong,
what a person does) and what the library holds at the end. Time passes by moving what is stored into the past.
"""

from __future__ import annotations

import gzip
import json
import os
import signal
import sqlite3
import ssl
import subprocess
import sys
import time
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from feedserver import FeedServer, Raw, Request, Reset, Response
from library import follow, make_library, owner, total_unread
from sqlalchemy import event, select, text, update

from aggregator.errors import StorageError
from aggregator.feeds.documents import DocumentReader
from aggregator.policies import FetchLimits, RefreshPolicy, RetentionPolicy
from aggregator.pruning import Pruner
from aggregator.refreshing import Refresher
from aggregator.storage import edits, entries, feeds, marking, retention, subscriptions
from aggregator.storage.columntypes import UtcDateTime
from aggregator.storage.schema import feed_states, metadata
from aggregator.storage.schema import feeds as feeds_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from feedserver import Answer

    from aggregator.domain import FetchState, Headline, RefreshReport
    from aggregator.storage.engine import Database

CORPUS = Path(__file__).parent / "corpus"
COMMAND = str(Path(sys.executable).with_name("lire-aussi"))
HERE, THERE = "127.0.0.1", "127.0.0.2"
MANY = "".join(f"<item><guid>n{n}</guid><title>T</title></item>" for n in range(10_000))


def scenarios() -> list[dict[str, Any]]:
    lines = (CORPUS / "feed-life" / "scenarios.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


SCENARIOS = {scenario["id"]: scenario for scenario in scenarios()}


@dataclass
class Life:
    """One feed, or two, and what was seen of it."""

    folder: Path
    database: Database
    server: FeedServer
    refresher: Refresher
    feed: int
    other: int
    reports: list[RefreshReport] = field(default_factory=list)
    refused: int = 0
    """Refreshes that ended because nothing could be recorded."""
    clock: float = 0.0

    # ── the world ────────────────────────────────────────────────────────────────────────────────

    def answer(self, step: dict[str, Any], document: str) -> Answer:
        http = step.get("http", {"status": 200})
        encoding = "latin-1" if self.expects("send_as") else "utf-8"
        headers = dict(http.get("headers", {}))
        if "Location" in headers:  # the host of the scenario is played by the second address
            headers["Location"] = self.server.url("/" + headers["Location"].rsplit("/", 1)[1], THERE)
        return Response(status=http["status"], headers=headers, body=document.encode(encoding))

    def expects(self, name: str) -> Any:
        return self.scenario["expect"].get(name)

    scenario: dict[str, Any] = field(default_factory=dict)

    def pass_time(self, seconds: float) -> None:
        """All stored moments go back by this; the entries' as well."""
        for table in metadata.sorted_tables:
            columns = [column for column in table.columns if isinstance(column.type, UtcDateTime)]
            keys = list(table.primary_key.columns)
            with self.database.write() as connection:
                for row in connection.execute(select(*keys, *columns)).all() if columns else ():
                    moved = {
                        c.name: row._mapping[c] - timedelta(seconds=seconds)
                        for c in columns
                        if row._mapping[c] is not None
                    }
                    if moved:
                        here = [key == row._mapping[key] for key in keys]
                        connection.execute(update(table).where(*here).values(moved))
        self.clock += seconds

    def refresh(self) -> RefreshReport:
        report = self.refresher.refresh(everything=True)
        self.reports.append(report)
        return report

    # ── what there is ────────────────────────────────────────────────────────────────────────────

    def headlines(self) -> list[Headline]:
        with self.database.read() as connection:
            found = entries.list_headlines(
                connection, owner(self.database), entries.Selection(feed_id=self.feed, limit=20_000)
            )
        return list(found)

    def unread(self) -> int:
        with self.database.read() as connection:
            return total_unread(connection, owner(self.database))

    def state(self) -> FetchState:
        with self.database.read() as connection:
            return subscriptions.get_subscription(connection, owner(self.database), self.feed).state

    def url(self) -> str:
        with self.database.read() as connection:
            return str(connection.scalar(select(feeds_table.c.url).where(feeds_table.c.id == self.feed)))

    def read_everything(self) -> None:
        with self.database.write() as connection:
            now = datetime.now(UTC)
            marking.mark_all_read(connection, owner(self.database), now=now, up_to=10**6)

    def is_whole(self) -> bool:
        with closing(sqlite3.connect(self.folder / "library.db")) as connection:
            return bool(connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)])


@pytest.fixture(scope="module")
def documents() -> Iterator[DocumentReader]:
    with DocumentReader(workers=1, timeout=timedelta(seconds=20)) as reader:
        yield reader


def make_life(folder: Path, server: FeedServer, documents: DocumentReader, scenario: dict[str, Any]) -> Life:
    database = make_library(folder)
    past = datetime(2020, 1, 1, tzinfo=UTC)
    server.routes["/healthy"] = Response(body=rss("<item><guid>h</guid><title>Healthy</title></item>"))
    limits = FetchLimits(
        allowed_networks=(f"{HERE}/31", f"{THERE}/32"), timeout=timedelta(seconds=1.5), max_bytes=1_000_000
    )
    return Life(
        folder=folder,
        database=database,
        server=server,
        refresher=Refresher(
            database=database,
            documents=documents,
            link=lambda: 0,
            limits=limits,
            policy=RefreshPolicy(lease=timedelta(seconds=30)),
            version="0",
        ),
        feed=follow(database, server.url("/feed"), "S", now=past),
        other=follow(database, server.url("/healthy", THERE), "Healthy", now=past),
        scenario=scenario,
    )


def rss(items: str) -> bytes:
    return f'<rss version="2.0"><channel><title>S</title>{items}</channel></rss>'.encode()


@pytest.fixture
def life(request: pytest.FixtureRequest, tmp_path: Path, documents: DocumentReader) -> Iterator[Life]:
    with FeedServer(addresses=(HERE, THERE)) as server:
        made = make_life(tmp_path, server, documents, SCENARIOS[request.param])
        with made.database:
            yield made


def document_of(scenario: dict[str, Any], step: dict[str, Any]) -> str:
    number = step.get("feed_of_step")
    found: str = scenario["steps"][number]["feed"] if number is not None else step.get("feed", "")
    return found.replace("{10000 items}", MANY).replace("{100000 g}", "g" * 100_000)


def played(*ids: str) -> pytest.MarkDecorator:
    """Parametrize with these scenarios."""
    names = [name for name in SCENARIOS if name in ids]
    titles = [f"{name}: {SCENARIOS[name]['title'][:50]}" for name in names]
    return pytest.mark.parametrize("life", names, indirect=True, ids=titles)


def span(first: int, last: int) -> list[str]:
    return [f"scn-{number:03}" for number in range(first, last + 1)]


# ── documents that change ────────────────────────────────────────────────────────────────────────


def play(life: Life) -> None:
    """Every step in turn. What was fetched first is read before the next fetch."""
    for step in life.scenario["steps"]:
        if "at" in step and step["at"] > life.clock:
            life.pass_time(step["at"] - life.clock)
        match step:
            case {"action": "mark_read"}:
                life.read_everything()
            case {"action": "delete_entry", "guid": guid}:
                remove(life, guid)
            case {"action": "retention"}:
                life.read_everything()
                life.pass_time(40 * 86_400)
                policy = RetentionPolicy(keep_days=30)
                Pruner(database=life.database, policy=policy).prune(now=datetime.now(UTC))
            case {"action": "clock" | "suspend", "delta": delta}:
                life.pass_time(delta)
            case {"feeds": those}:
                two_feeds(life, those)
            case {"error": kind}:
                fail(life, kind)
            case {"http": _}:
                life.server.routes["/feed"] = life.answer(step, document_of(life.scenario, step))
                life.refresh()
                if life.expects("read_state_kept"):
                    life.read_everything()


def remove(life: Life, guid: str) -> None:
    gone = next(headline.id for headline in life.headlines() if headline.guid == guid)
    with life.database.write() as connection:
        retention.remove_entries(connection, life.feed, [gone], now=datetime.now(UTC))


def two_feeds(life: Life, those: dict[str, str]) -> None:
    life.server.routes |= {f"/{name}": Response(body=body.encode()) for name, body in those.items()}
    with life.database.write() as connection:
        for feed, name in zip((life.feed, life.other), those, strict=True):
            url = life.server.url(f"/{name}")
            connection.execute(update(feeds_table).where(feeds_table.c.id == feed).values(url=url))
    life.refresh()


def check(life: Life) -> None:
    """What the scenario expects of the library; what else is expected, its own test looks at."""
    found, expect = life.headlines(), life.scenario["expect"]
    if "feeds" in life.scenario["steps"][0]:
        with life.database.read() as connection:
            both = entries.list_headlines(connection, owner(life.database), entries.Selection(limit=100))
        assert len(both) == expect["entries"]
        return
    healthy = 1  # the other feed brings one entry, with the first refresh
    new = [report.new_entries for report in life.reports]
    assert new[0] >= healthy
    new[0] -= healthy
    if "entries" in expect:
        assert len(found) == expect["entries"]
    assert len({headline.guid for headline in found}) == len(found)
    if "new_per_step" in expect:
        assert new == expect["new_per_step"]
    if "updated" in expect:
        assert sum(report.changed_entries for report in life.reports) == expect["updated"]
    if "errors" in expect:
        assert sum(report.failed for report in life.reports) == expect["errors"]
    if expect.get("read_state_kept"):
        assert life.unread() == 0
    if "read" in expect:
        assert sum(headline.read for headline in found) == expect["read"]
    if expect.get("error_cleared"):
        assert (life.state().failures, life.state().error) == (0, None)
    if "entry_title" in expect:
        assert [headline.title for headline in found] == [expect["entry_title"]]
    now = datetime.now(UTC)
    assert all(datetime(1970, 1, 2, tzinfo=UTC) < headline.published_at <= now for headline in found)
    assert life.is_whole()


@played(*span(0, 40), "scn-065", "scn-066", "scn-067", "scn-068", "scn-069")
def test_a_feed_that_changes(life: Life) -> None:
    play(life)
    check(life)


@played("scn-019", "scn-020")
def test_what_edits_keep(life: Life) -> None:
    play(life)
    (headline,) = life.headlines()
    with life.database.read() as connection:
        kept = edits.list_revisions(connection, headline.id)
    assert len(kept) == min(20, len(life.scenario["steps"]) - 1)
    assert headline.changed_at is not None


@played("scn-068")
def test_ten_thousand_are_all_taken(life: Life) -> None:
    play(life)
    assert len(life.headlines()) == 10_000


@played("scn-066")
def test_ten_years_ahead_retention_removes_nothing_at_once(life: Life) -> None:
    life.server.routes["/feed"] = life.answer({}, document_of(life.scenario, life.scenario["steps"][0]))
    life.refresh()
    life.read_everything()
    pruner = Pruner(database=life.database, policy=RetentionPolicy(keep_days=30))
    now = datetime.now(UTC)
    pruner.prune_if_due(now=now)
    for day in range(3_650, 3_653):
        report = pruner.prune_if_due(now=now + timedelta(days=day))
        assert report is not None
        assert report.entries == 0
    assert len(life.headlines()) == 10


@played("scn-065", "scn-066", "scn-067")
def test_after_a_wrong_clock_every_feed_is_due_within_its_interval(life: Life) -> None:
    play(life)
    for jump in (-315_360_000, -86_400, 86_400):
        life.pass_time(jump)
        life.pass_time(9 * 86_400)  # the longest interval, and a week that publishers may skip
        assert life.refresher.refresh().feeds == 2


# ── failures ─────────────────────────────────────────────────────────────────────────────────────


def fail(life: Life, kind: str) -> None:
    """One refresh while this is so."""
    before = life.server.routes.get("/feed")
    hostile = "<item><title>&lt;b>a&lt;/b></title><author>a@b.c</author></item>" * 14_000  # takes seconds
    cut = gzip.compress(rss("<item><title>x</title></item>"))[:-8] + b"\0" * 8
    answers: dict[str, Answer] = {
        "timeout": Response(latency=5.0),
        "reset": Raw(Reset()),
        "too-large": Response(body=b"x" * 1_100_000),
        "gzip-crc": Response(body=cut, headers={"Content-Encoding": "gzip"}),
        "parser-killed": Response(body=rss(hostile)),
    }
    with FeedServer(tls=tls()) as secure:
        urls = {
            "dns": "http://nowhere.invalid/feed",
            "refused": f"http://{HERE}:1/feed",
            "ssrf-blocked": "http://10.0.0.1/feed",
            "tls-expired": secure.url("/feed"),
            "tls-selfsigned": secure.url("/feed"),
            "tls-wronghost": secure.url("/feed"),
        }
        own = life.url()
        place(life, urls.get(kind, own))
        life.server.routes["/feed"] = answers.get(kind, Response())
        life.refresh()
        place(life, own)
    if before is not None:
        life.server.routes["/feed"] = before


def place(life: Life, url: str) -> None:
    with life.database.write() as connection:
        connection.execute(update(feeds_table).where(feeds_table.c.id == life.feed).values(url=url))


def tls() -> ssl.SSLContext:
    """A certificate that nobody vouches for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CORPUS / "tls" / "localhost.pem")
    return context


@pytest.fixture
def impatient(life: Life) -> Iterator[Life]:
    """Its reader of documents ends after a second."""
    with DocumentReader(workers=1, timeout=timedelta(seconds=1)) as reader:
        own = life.refresher
        life.refresher = Refresher(
            database=own.database,
            documents=reader,
            link=own.link,
            limits=own.limits,
            policy=own.policy,
            version="0",
        )
        yield life


@played(*span(50, 60))
def test_a_failure_passes_and_touches_no_other_feed(life: Life, impatient: Life) -> None:
    play(life)
    check(life)
    with life.database.read() as connection:
        other = subscriptions.get_subscription(connection, owner(life.database), life.other)
    assert other.state.failures == 0


@played("scn-046", "scn-047")
def test_a_feed_that_is_away_for_days_comes_back(life: Life) -> None:
    play(life)
    life.refresher.refresh(feed_id=life.feed)  # "retry now", where it was given up
    assert len(life.headlines()) == 10
    assert life.unread() == 10 + 1
    assert life.state().failures == 0


@played("scn-048", "scn-049")
def test_a_publisher_that_asks_for_patience_gets_a_day_at_most(life: Life) -> None:
    play(life)
    state = life.state()
    assert state.last_checked_at is not None
    wait = (state.next_fetch_at - state.last_checked_at).total_seconds()
    assert wait >= life.scenario["expect"].get("next_fetch_not_before", 0) * 0.9
    assert wait <= life.scenario["expect"].get("next_fetch_not_after", 86_400) * 1.1


# ── validators ───────────────────────────────────────────────────────────────────────────────────


def asked(life: Life) -> list[Request]:
    return [request for request in life.server.requests if request.path == "/feed"]


@played("scn-061", "scn-063")
def test_what_the_second_request_says(life: Life) -> None:
    play(life)
    headers = asked(life)[1].headers
    for name, value in (life.expects("second_request_has") or {}).items():
        assert headers[name.lower()] == value
    for name in life.expects("second_request_lacks") or ():
        assert name.lower() not in headers


@played("scn-062")
def test_a_server_that_says_304_for_ever_is_asked_for_the_whole_each_week(life: Life) -> None:
    life.server.routes["/feed"] = last_answer(life)
    life.refresh()
    days, whole, start = 41, 0, datetime.now(UTC)
    for day in range(days):
        now = start + timedelta(days=day)
        with life.database.write() as connection:
            lease = timedelta(minutes=1)
            (claimed,) = feeds.claim_due(connection, "x", now=now, lease=lease, feed_id=life.feed)
            whole += claimed.validators.etag is None
            checked = {"last_checked_at": now, "lease_until": None, "etag": '"1"'}  # as a 304 leaves it
            connection.execute(update(feed_states).where(feed_states.c.feed_id == life.feed).values(checked))
    assert whole in (days // 7, days // 7 + 1)


# ── moves ────────────────────────────────────────────────────────────────────────────────────────


def held(life: Life, status: int, path: str, *, rounds: int = 4) -> None:
    """The redirect stands for some days."""
    location = life.server.url(path, THERE)
    life.server.routes["/feed"] = Response(status=status, headers={"Location": location})
    for _ in range(rounds):
        life.refresh()
        life.pass_time(86_400)


def ten(life: Life) -> Response:
    number = next(step for step in SCENARIOS["scn-043"]["steps"] if "feed" in step)
    return Response(body=number["feed"].encode())


@played("scn-041")
def test_a_feed_that_moved_for_good_is_followed_there(life: Life) -> None:
    life.server.routes["/new"] = ten(life)
    held(life, 301, "/new")
    life.server.routes["/feed"] = Response(status=404)
    life.refresh()
    assert life.url() == life.server.url("/new", THERE)
    assert (len(life.headlines()), life.state().failures) == (10, 0)


@played("scn-042")
def test_a_portal_that_stands_in_between_changes_no_address(life: Life) -> None:
    own = life.url()
    life.server.routes["/feed"] = ten(life)
    life.refresh()
    life.server.routes["/login"] = Response(body=b"<html>Log in</html>")
    held(life, 301, "/login")
    life.server.routes["/feed"] = ten(life)
    life.refresh()
    assert (life.url(), len(life.headlines()), life.state().failures) == (own, 10, 0)


@played("scn-043")
def test_a_detour_changes_no_address(life: Life) -> None:
    own = life.url()
    life.server.routes["/tmp"] = ten(life)
    held(life, 302, "/tmp")
    assert (life.url(), len(life.headlines())) == (own, 10)


@played("scn-044")
def test_no_merge_with_what_is_no_feed(life: Life) -> None:
    own = life.url()
    life.server.routes["/healthy"] = Response(body=b"no feed")
    held(life, 301, "/healthy")
    assert life.url() == own


@played("scn-045")
def test_a_feed_that_moved_to_another_that_is_followed_is_one_with_it(life: Life) -> None:
    life.server.routes["/feed"] = life.server.routes["/healthy"] = ten(life)
    life.refresh()
    life.read_everything()
    held(life, 308, "/healthy")
    with life.database.read() as connection:
        followed = subscriptions.list_subscriptions(connection, owner(life.database))
        found = entries.list_headlines(connection, owner(life.database), entries.Selection())
    assert [one.feed.url for one in followed] == [life.server.url("/healthy", THERE)]
    assert (len(found), life.unread()) == (10, 0)


# ── writes that fail ─────────────────────────────────────────────────────────────────────────────


def refused_refresh(life: Life) -> None:
    with pytest.raises(StorageError):
        life.refresher.refresh(everything=True)


def known(life: Life) -> tuple[str | None, str | None]:
    query = select(feed_states.c.etag, feed_states.c.body_hash).where(feed_states.c.feed_id == life.feed)
    with life.database.read() as connection:
        etag, body = connection.execute(query).one()
    return etag, body


def last_answer(life: Life) -> Answer:
    scenario = life.scenario
    document = next(document_of(scenario, step) for step in scenario["steps"] if "feed" in step)
    return Response(body=document.encode(), headers={"ETag": '"1"'})


@played("scn-064")
def test_a_library_held_by_another_program_loses_nothing(life: Life) -> None:
    life.database.close()  # connections that are opened from here on do not wait half a minute
    event.listen(life.database._engine, "connect", lambda made, _: made.execute("PRAGMA busy_timeout = 50"))
    locker = sqlite3.connect(life.folder / "library.db", isolation_level=None, check_same_thread=False)

    def lock_and_answer(_request: Request) -> Answer:
        with suppress(sqlite3.OperationalError):
            locker.execute("BEGIN IMMEDIATE")
        return last_answer(life)

    life.server.routes["/feed"] = lock_and_answer
    refused_refresh(life)
    locker.execute("ROLLBACK")
    locker.close()
    assert (known(life), life.headlines()) == ((None, None), [])
    recover(life)


@played("scn-073")
def test_a_full_disk_loses_nothing(life: Life) -> None:
    with life.database.read() as connection:
        pages = int(connection.scalar(text("PRAGMA page_count")) or 0)
    life.database.close()
    limit = f"PRAGMA max_page_count = {pages + 1}"
    event.listen(life.database._engine, "connect", lambda made, _: made.execute(limit))
    large = "".join(
        f"<item><guid>g{n}</guid><title>{n}</title><description>{'x ' * 9_000}</description></item>"
        for n in range(10)
    )
    life.server.routes["/feed"] = Response(body=rss(large), headers={"ETag": '"1"'})
    refused_refresh(life)
    assert (known(life), life.headlines()) == ((None, None), [])
    life.database.close()
    event.listen(
        life.database._engine, "connect", lambda made, _: made.execute("PRAGMA max_page_count = 1000000")
    )
    recover(life)


def recover(life: Life) -> None:
    """All is well again, and the next refresh brings everything, without validators of what was lost."""
    life.server.routes["/feed"] = last_answer(life)
    life.pass_time(60)  # a lease that could not be given back ends by itself
    life.refresher.refresh(everything=True)
    assert "if-none-match" not in asked(life)[-1].headers
    assert (len(life.headlines()), known(life)[0]) == (10, '"1"')
    assert life.is_whole()


# ── processes that die, processes that meet ──────────────────────────────────────────────────────


def start_refresh(folder: Path) -> subprocess.Popen[bytes]:
    if not (folder / "library.sqlite").exists():
        (folder / "library.sqlite").symlink_to(folder / "library.db")
    environment = os.environ | {
        "LIRE_AUSSI_LIBRARY": str(folder),
        "LIRE_AUSSI_FETCH__ALLOWED_NETWORKS": "127.0.0.0/8",
    }
    quiet = subprocess.DEVNULL
    return subprocess.Popen([COMMAND, "refresh", "--all"], env=environment, stdout=quiet, stderr=quiet)


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not true() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert true()


def kill(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait(10)


@played("scn-070")
def test_a_process_that_is_killed_before_it_writes(life: Life) -> None:
    locker = sqlite3.connect(life.folder / "library.db", isolation_level=None, check_same_thread=False)

    def lock_and_answer(_request: Request) -> Answer:
        with suppress(sqlite3.OperationalError):
            locker.execute("BEGIN IMMEDIATE")  # what was fetched cannot be recorded
        return last_answer(life)

    life.server.routes["/feed"] = lock_and_answer
    process = start_refresh(life.folder)
    wait_until(lambda: bool(asked(life)))
    time.sleep(0.5)
    kill(process)
    locker.execute("ROLLBACK")
    locker.close()
    assert (known(life), life.headlines()) == ((None, None), [])
    life.pass_time(200)  # its lease
    recover(life)


@played("scn-071")
def test_a_process_that_is_killed_while_it_writes(life: Life) -> None:
    count = (
        "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 3000000) SELECT max(x) FROM c"
    )
    with life.database.write() as connection:  # each entry takes about a second
        connection.execute(text(f"CREATE TRIGGER slow AFTER INSERT ON entries BEGIN {count}; END"))
    life.server.routes["/feed"] = last_answer(life)
    process = start_refresh(life.folder)
    wait_until(lambda: bool(asked(life)))
    wait_until(lambda: is_locked(life.folder / "library.db"))
    time.sleep(0.8)
    kill(process)
    assert (known(life), life.headlines()) == ((None, None), [])
    with life.database.write() as connection:
        connection.execute(text("DROP TRIGGER slow"))
    life.pass_time(200)
    recover(life)


def is_locked(path: Path) -> bool:
    """By somebody who has held it for more than a moment."""
    with closing(sqlite3.connect(path, timeout=0.3, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
        connection.execute("ROLLBACK")
    return False


@played("scn-072")
def test_two_processes_never_fetch_a_feed_twice_at_once(life: Life) -> None:
    document = last_answer(life)
    assert isinstance(document, Response)
    life.server.routes["/feed"] = Response(body=document.body, latency=2.0)
    processes = [start_refresh(life.folder) for _ in range(2)]
    for process in processes:
        process.wait(30)
    assert len(asked(life)) <= 2
    assert life.server.busiest[HERE] == 1
    assert len(life.headlines()) == 10
    assert life.is_whole()


def test_every_scenario_is_played() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    alone = {name for name in SCENARIOS if f'"{name}"' in source}
    assert alone | set(span(0, 40)) | set(span(50, 60)) == set(SCENARIOS)
    assert len(SCENARIOS) == 74
