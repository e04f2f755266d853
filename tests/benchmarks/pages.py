"""What a page costs: processor time of the server, bytes, and the requests of a cold home page.

    python tests/benchmarks/pages.py [--feeds 1000] [--entries 30000] [--browser]

A throw-away library is filled through the storage functions: a third of the entries read, each with two
links. Times are those of `time.process_time` around the WSGI call: median and p95 of 40.
"""

from __future__ import annotations

import argparse
import gzip
import statistics
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1]))

from library import NOW, a_link, an_entry, follow, owner
from sqlalchemy import text
from webapp import make_site

from aggregator.domain import Schedule, Validators
from aggregator.storage import links, marking, recording, runs
from aggregator.storage.feeds import record_success

if TYPE_CHECKING:
    from webapp import Site

WORDS = "Le conseil municipal a voté hier soir le budget de la commune après un long débat public. "
TIMES = 40


def fill(site: Site, feeds: int, count: int) -> None:
    """Feeds in forty categories, entries spread over three months, all fetched by one run an hour ago."""
    each, fetched_at = count // feeds, NOW - timedelta(hours=1)
    schedule = Schedule(checked_at=fetched_at, next_fetch_at=NOW, interval=timedelta(hours=1))
    with site.database.write() as connection:
        runs.start_run(connection, feeds=feeds, now=fetched_at)
    for number in range(feeds):
        category = (f"Category {number % 40}",) if number % 10 else ()
        feed = follow(site.database, f"https://feed{number}.example/rss", f"Feed {number}", category=category)
        found = [
            an_entry(
                f"Entry {place} of feed {number}, with a headline of ordinary length",
                text=WORDS * 25,
                url=f"https://feed{number}.example/{place}",
                days=(place * feeds + number) * 90 / count,
            )
            for place in range(each)
        ]
        with site.database.write() as connection:
            recording.record_entries(connection, feed, found, now=fetched_at)
            record_success(connection, feed, schedule, validators=Validators(), body_hash="")
    reader = owner(site.database)
    with site.database.write() as connection:
        newest = marking.newest_id(connection)
        pairs = [a_link(i, i - step, why=("budget",)) for i in range(3, newest + 1) for step in (1, 2)]
        links.record_links(connection, pairs)
        marking.mark_all_read(connection, reader, now=NOW, up_to=newest // 3)
        connection.execute(text("DELETE FROM pending_entries"))


def measure(site: Site, path: str) -> str:
    headers = {"Accept-Language": "fr", "Accept-Encoding": "gzip"}
    times = []
    for _ in range(TIMES + 3):
        began = time.process_time()
        answer = site.client.get(path, headers=headers)
        times.append((time.process_time() - began) * 1000)
    assert answer.status_code == 200, path
    times = sorted(times[3:])
    packed = answer.headers.get("Content-Encoding") == "gzip"
    page = gzip.decompress(answer.data).decode() if packed else answer.text
    p95 = times[int(len(times) * 0.95)]
    nodes = page.count("<") - page.count("</")
    return (
        f"{path:<28} {statistics.median(times):6.1f} {p95:6.1f} ms  {len(page.encode()) / 1000:6.1f} kB"
        f" ({len(answer.data) / 1000:.1f} sent)  {nodes} elements"
    )


def count_requests(site: Site) -> str:
    from playwright.sync_api import sync_playwright
    from waitress.server import create_server

    server = create_server(site.app, host="127.0.0.1", port=0, threads=4)
    threading.Thread(target=server.run, daemon=True).start()
    sizes: dict[str, int] = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.on(
            "response",
            lambda answer: sizes.update({answer.url: int(answer.headers.get("content-length", "0"))}),
        )
        page.goto(f"http://127.0.0.1:{server.effective_port}/", wait_until="networkidle")
        browser.close()
    script = sum(size for url, size in sizes.items() if ".js" in url)
    total = sum(sizes.values())
    return (
        f"home, cold: {len(sizes)} requests, {total / 1000:.1f} kB, {script / 1000:.1f} kB of script, packed"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--feeds", type=int, default=1_000)
    parser.add_argument("--entries", type=int, default=30_000)
    parser.add_argument("--browser", action="store_true")
    chosen = parser.parse_args()
    with TemporaryDirectory() as folder, make_site(Path(folder)) as site:
        began = time.perf_counter()
        fill(site, chosen.feeds, chosen.entries)
        print(
            f"{chosen.feeds} feeds, {chosen.entries} entries, filled in {time.perf_counter() - began:.0f} s"
        )
        middle = chosen.entries // 2
        for path in (
            "/",
            "/?view=all",
            "/?view=starred",
            "/?view=history",
            "/categories/1",
            "/feeds/500",
            f"/entries/{middle}",
            f"/entries/{middle}?in=all",
            f"/entries/{middle}?in=feed-500",
            f"/entries/{middle}?in=category-1",
            "/feeds",
            "/checks",
            "/search?q=budget",
            "/links",
            "/offline.json",
            "/help",
        ):
            print(measure(site, path))
        if chosen.browser:
            print(count_requests(site))


if __name__ == "__main__":
    main()
