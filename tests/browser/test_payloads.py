"""No page runs a script of a publisher: with the cleaner alone, with the policy alone; with neither, it does.

The cleaner alone: Chromium is told to take no notice of our Content-Security-Policy, and reads pages over
feeds that hold the payloads wherever a feed has a place for one. The policy alone: the library holds the
payloads as if the cleaner had let them pass.
"""

from __future__ import annotations

import json
import os
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from executing import Witness
from feedserver import FeedServer, Response
from library import NOW, an_entry, follow, publish
from payloads import FORMATS, LIVE, PAYLOADS, opml, rss
from webapp import make_site, serve

from aggregator.domain import SafeHtml
from aggregator.errors import ParseError
from aggregator.feeds.parsing import parse_feed
from aggregator.feeds.sanitizing import clean_entries
from aggregator.storage import feeds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from playwright.sync_api import Browser, Page
    from webapp import Site

    from aggregator.domain import CleanEntry, CleanFeed

ATTACKS = Path(os.environ.get("LIRE_AUSSI_ATTACKS", Path(__file__).parents[3] / "shared" / "attacks"))
"""The collections of other projects; only the slow run reads them, where they are."""
SETS = (
    "ammonia",
    "bleach",
    "bluemonday",
    "dompurify",
    "h5sc",
    "miniflux",
    "nh3",
    "owasp-java-html-sanitizer",
    "sanitize-html",
)
AT_ONCE = 40
"""Payloads on a page."""
_number = count(1)


@contextmanager
def witness(chromium: Browser, address: str, *, policy: bool) -> Iterator[Witness]:
    with (
        chromium.new_context(locale="en-GB", base_url=address, bypass_csp=not policy) as context,
        Witness(context, ours=f"{address}/static/") as found,
    ):
        yield found


def fired(chromium: Browser, address: str, pages: Iterable[str], *, policy: bool) -> set[str]:
    """Those of the pages that ran a script that is not ours."""
    with witness(chromium, address, policy=policy) as found:
        return {path for path in pages if found.visit(address + path)}


def attacks(name: str) -> list[str]:
    path = ATTACKS / name / "html.jsonl"
    if not path.exists():
        pytest.skip("the collections of other projects are not here")
    return [json.loads(line)["payload"] for line in path.read_text("utf-8").splitlines()]


# ── the cleaner alone ────────────────────────────────────────────────────────────────────────────


def read(document: bytes) -> CleanFeed:
    """As a refresh would, but in this process."""
    url = f"https://feeds.test/{next(_number)}"
    return clean_entries(parse_feed(document, url=url, content_type="", now=NOW))


def gathered(found: Sequence[CleanEntry]) -> CleanEntry:
    """One entry that shows what all of these hold."""
    details = [entry.details for entry in found]
    return replace(
        found[0],
        guid="gathered",
        html=SafeHtml("".join(entry.html for entry in found)),
        content_hash="gathered",
        details=replace(
            details[0],
            enclosures=tuple(file for one in details for file in one.enclosures),
            categories=tuple(name for one in details for name in one.categories),
        ),
    )


def take_in(site: Site, clean: CleanFeed) -> Iterator[str]:
    """The pages that show what a feed holds."""
    title = clean.title or "none"
    feed_id = follow(site.database, f"https://feeds.test/{next(_number)}", title, category=(title[:50],))
    with site.database.write() as connection:
        feeds.record_feed(connection, feed_id, clean)
    yield f"/feeds/{feed_id}"
    if clean.entries:
        ids = publish(site.database, feed_id, *clean.entries, gathered(clean.entries))
        yield f"/entries/{ids[-1]}"
        # What stands only on the page of its own entry: its address and its author.
        yield from (f"/entries/{number}" for number in ids[:: len(ids) // 2 + 1])


def pages_of(site: Site, payloads: Sequence[str]) -> Iterator[str]:
    for write in FORMATS.values():
        yield from take_in(site, read(write(payloads, feed=payloads[0])))
    for payload in payloads[1:]:
        follow(site.database, f"https://titles.test/{next(_number)}", read(rss([], feed=payload)).title)
    yield from ("/?view=all", "/feeds", "/search?q=alert")


def preview(page: Page, document: bytes) -> None:
    """Of an import, which shows every line of a file."""
    page.set_input_files("input[type=file]", {"name": "f.opml", "mimeType": "text/xml", "buffer": document})
    page.locator("button[value=preview]").click()


def ran_in(site: Site, address: str, chromium: Browser, payloads: Sequence[str]) -> list[str]:
    """The pages that ran a script, our policy put aside."""
    with witness(chromium, address, policy=False) as found:
        ran = [path for path in pages_of(site, payloads) if found.visit(address + path)]
        document = opml(payloads)
        if found.visit(f"{address}/import", then=lambda page: preview(page, document)):
            ran.append("/import")
    return ran


@pytest.mark.parametrize("step", [3, pytest.param(1, marks=pytest.mark.slow)])
def test_the_cleaner_alone_lets_nothing_run(site: Site, address: str, chromium: Browser, step: int) -> None:
    assert ran_in(site, address, chromium, PAYLOADS[::step]) == []


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", SETS)
def test_the_cleaner_alone_lets_nothing_run_of(tmp_path: Path, chromium: Browser, name: str) -> None:
    payloads = attacks(name)
    for start in range(0, len(payloads), AT_ONCE):
        folder = tmp_path / str(start)
        folder.mkdir()
        with make_site(folder) as site, serve(site) as address:
            assert ran_in(site, address, chromium, payloads[start : start + AT_ONCE]) == []


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_cleaner_alone_lets_nothing_run_of_documents(site: Site, address: str, chromium: Browser) -> None:
    documents = sorted((ATTACKS / "feedparser-sanitize").glob("*.xml"))
    if not documents:
        pytest.skip("the collections of other projects are not here")
    found: list[CleanEntry] = []
    titles: list[str] = []
    for path in documents:
        with suppress(ParseError):
            clean = read(path.read_bytes())
            titles.append(clean.title or "none")
            found += [replace(entry, guid=f"{path.name} {entry.guid}") for entry in clean.entries]
    assert len(found) > 400
    chunks = (tuple(found[start : start + AT_ONCE]) for start in range(0, len(found), AT_ONCE))
    feed = read(rss([], feed="x"))
    pages = [page for chunk in chunks for page in take_in(site, replace(feed, entries=chunk))]
    for title in titles:
        follow(site.database, f"https://titles.test/{next(_number)}", title)
    assert fired(chromium, address, [*pages, "/feeds"], policy=False) == set()


# ── the policy alone, and neither ────────────────────────────────────────────────────────────────


def uncleaned(site: Site, payloads: Sequence[str]) -> list[str]:
    """The pages of entries whose HTML is a payload each, as if it had been cleaned."""
    feed = follow(site.database, f"https://uncleaned.test/{next(_number)}", "Uncleaned")
    found = [an_entry(str(number), html=payload.replace("\0", "")) for number, payload in enumerate(payloads)]
    return [f"/entries/{number}" for number in publish(site.database, feed, *found)]


def test_the_policy_alone_lets_nothing_run(site: Site, address: str, chromium: Browser) -> None:
    pages = uncleaned(site, LIVE)
    assert fired(chromium, address, pages, policy=False) == set(pages)  # they do, where nobody takes care
    assert fired(chromium, address, uncleaned(site, ["".join(LIVE)]), policy=True) == set()


def alive(chromium: Browser, payloads: Sequence[str]) -> list[str]:
    """Those that run in a page that is theirs alone."""
    routes = {
        f"/{number}": Response(
            body=f"<!doctype html><meta charset=utf-8><body><div>{payload}</div>".encode("utf-8", "replace"),
            headers={"Content-Type": "text/html"},
        )
        for number, payload in enumerate(payloads)
    }
    with FeedServer(routes) as bare:
        ran = fired(chromium, bare.url(""), list(routes), policy=True)
    return [payload for number, payload in enumerate(payloads) if f"/{number}" in ran]


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", SETS)
def test_the_policy_alone_lets_nothing_run_of(
    site: Site, address: str, chromium: Browser, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    payloads = attacks(name)
    live = alive(chromium, payloads)
    pages = uncleaned(site, live)
    without = fired(chromium, address, pages, policy=False)
    with capsys.disabled():
        print(f"\n{name}: {len(payloads)} payloads, {len(live)} run alone, {len(without)} without both")
    assert len(without) >= 0.95 * len(live)
    assert fired(chromium, address, pages, policy=True) == set()
