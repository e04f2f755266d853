"""What searching costs: the index by entry, its size, the storage query and the page, in CPU time.

    .venv/test/bin/python tests/benchmarks/search.py [30000]

The library is made up: sentences of the judged articles in new orders, with as many invented rare names as
articles have. A third of the entries hold the common word, forty the rare one.
"""

from __future__ import annotations

import json
import random
import re
import statistics
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1]))

from library import NOW, an_entry, follow, owner
from sqlalchemy import text
from webapp import make_site

from aggregator.searching.language import parse_query
from aggregator.storage.recording import record_entries
from aggregator.storage.search import search_entries

if TYPE_CHECKING:
    from collections.abc import Callable

    from aggregator.domain import CleanEntry
    from aggregator.storage.engine import Database

ARTICLES = Path(__file__).parents[1] / "judgements" / "articles.jsonl"
FEEDS = 300
QUERIES = {
    "rare": "zyrgonie",
    "common": "gouvernement",
    "common, by forms": "élections",
    "two": "gouvernement élections",
    "phrase": '"gouvernement français"',
    "common, unread": "gouvernement is:unread",
    "common, one feed": "gouvernement feed:7",
    "common, a week": "gouvernement period:7d",
    "old months": "gouvernement to:2025-12",
}


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 30_000
    with TemporaryDirectory() as folder, make_site(Path(folder)) as site:
        made = make_entries(count)
        plain = fill_without_index(Path(folder), made)
        whole = fill(site.database, made)
        words = statistics.mean(len(entry.text.split()) for entry in made)
        print(f"{count} entries of {words:.0f} words")
        index, recorded = (seconds / count * 1000 for seconds in (whole - plain, whole))
        print(f"index: {index:.3f} ms CPU an entry (recording {recorded:.3f})")
        tell_size(site.database)
        for name, typed in QUERIES.items():
            report(site, name, typed)


def make_entries(count: int) -> list[CleanEntry]:
    chance = random.Random(1)
    sentences = [
        sentence
        for line in ARTICLES.read_text("utf-8").splitlines()
        for sentence in re.split(r"(?<=[.!?]) ", " ".join(map(str, _texts(json.loads(line)))))
        if len(sentence) > 30
    ]
    return [_entry(number, sentences, chance) for number in range(count)]


def _texts(article: dict[str, object]) -> list[object]:
    return [article.get(name) or "" for name in ("title", "summary", "content", "text")]


def _entry(number: int, sentences: list[str], chance: random.Random) -> CleanEntry:
    some = chance.sample(sentences, 14)
    names = ["".join(chance.choices("abdeilmnorstuv", k=8)).title() for _ in range(4)]
    some[3] += f" {' '.join(names)} "
    if number % 3 == 0:
        some[5] += " Le gouvernement français en parle après les élections et cette élection électorale."
    if number % 750 == 0:
        some[6] += " La Zyrgonie aussi."
    title = " ".join(some[0].split()[:9])
    return an_entry(f"{title} {number}", text=" ".join(some[1:]), days=number / 80)


def fill(database: Database, made: list[CleanEntry]) -> float:
    """CPU seconds of recording."""
    feeds = [follow(database, f"https://{n}.example/feed", f"Journal {n}") for n in range(FEEDS)]
    start = time.process_time()
    for n, feed in enumerate(feeds):
        with database.write() as connection:
            record_entries(connection, feed, made[n::FEEDS][::-1], now=NOW)
    return time.process_time() - start


def fill_without_index(folder: Path, made: list[CleanEntry]) -> float:
    (folder / "plain").mkdir()
    with make_site(folder / "plain") as site:
        with site.database.write() as connection:
            for name in ("insert", "delete", "update"):
                connection.execute(text(f"DROP TRIGGER entries_fts_{name}"))
        return fill(site.database, made)


def tell_size(database: Database) -> None:
    with database.read() as connection:
        pages = text("SELECT sum(length(block)) FROM entries_fts_data")
        index = int(connection.scalar(pages) or 0)
        words = connection.scalar(text("SELECT count(*) FROM entries_fts_words"))
        whole = connection.scalar(
            text("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
        )
    print(f"database {whole / 1e6:.0f} MB, index {index / 1e6:.0f} MB, {words} words")


def report(site: object, name: str, typed: str) -> None:
    database, reader = site.database, owner(site.database)  # type: ignore[attr-defined]

    def query() -> int:
        with database.read() as connection:
            return search_entries(connection, reader, parse_query(typed), now=NOW).total

    def page() -> int:
        answer = site.client.get("/search", query_string={"q": typed})  # type: ignore[attr-defined]
        return len(answer.data)

    total, size = query(), page()
    print(f"{name:18} {total:5} hits  query {_cpu_ms(query)}  page {_cpu_ms(page)}, {size / 1000:.0f} kB")


def _cpu_ms(work: Callable[[], object]) -> str:
    times = []
    for _ in range(15):
        start = time.process_time()
        work()
        times.append((time.process_time() - start) * 1000)
    return f"{statistics.median(times):6.1f} ms (worst {max(times):.1f})"


if __name__ == "__main__":
    main()
