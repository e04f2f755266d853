"""From articles to feeds to pages: `python tests/benchmarks/roundtrip.py ARTICLES.jsonl[.gz] [--show 20]`.

Writes the articles (JSON lines as for `lire-aussi link`) as one RSS document a source, serves them from
loopback, follows and refreshes them twice in a throw-away library, and compares what is stored with what was
written. Then prints the "Lire aussi" of some entries, spread over the set, to be read by a person.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
from feedserver import FeedServer, Response
from rss import Item, as_rss, by_source

from aggregator.archives import read_articles

COMMAND = str(Path(sys.executable).with_name("lire-aussi"))


def _read(path: Path) -> list[Item]:
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    lines = [line for line in data.splitlines() if line.strip()]
    urls = [json.loads(line).get("url") for line in lines]
    found = zip(read_articles(lines, path.name), urls, strict=True)
    return [Item(article=article, url=url or f"https://site.example/{article.id}") for article, url in found]


class _Library:
    def __init__(self, folder: str) -> None:
        self.environment = os.environ | {
            "LIRE_AUSSI_LIBRARY": folder,
            "LIRE_AUSSI_FETCH__ALLOWED_NETWORKS": "127.0.0.0/8",
        }

    def run(self, *arguments: str) -> str:
        command = [COMMAND, *arguments]
        return subprocess.run(
            command, env=self.environment, check=True, capture_output=True, text=True, timeout=600
        ).stdout

    def run_json(self, *arguments: str) -> Any:
        return json.loads(self.run(*arguments, "--json"))


def _compare(written: list[Item], stored: list[dict[str, Any]]) -> None:
    titles = {item.url: " ".join(item.article.title.split()) for item in written}
    kept = {entry["url"]: entry["title"] for entry in stored}
    missing, doubled = titles.keys() - kept.keys(), len(stored) - len(kept)
    changed = [url for url, title in titles.items() if url in kept and title and kept[url] != title]
    print(f"{len(titles)} written, {len(stored)} stored: {len(missing)} missing, {doubled} doubled", end="")
    print(f", {len(changed)} with another title")
    for url in changed[:5]:
        print(f"  {titles[url]!r} became {kept[url]!r}")


def _show(library: _Library, stored: list[dict[str, Any]], count: int) -> None:
    for entry in stored[:: max(1, len(stored) // count)][:count]:
        print(f"\n{entry['published_at'][:10]} {entry['feed']}: {entry['title']}")
        for link in library.run_json("related", str(entry["id"]))["links"]:
            print(f"  {link['score']:.2f} {link['title']} ({', '.join(link['why'])})")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("articles", type=Path)
    parser.add_argument("--show", type=int, default=20, help="how many entries")
    parser.add_argument("--library", help="an empty folder for the library, to be looked at later")
    arguments = parser.parse_args()

    items = _read(arguments.articles)
    pages = {f"/{number}": as_rss(*source) for number, source in enumerate(by_source(items).items())}
    feeds = {path: Response(body=body, headers={"ETag": f'"{path}"'}) for path, body in pages.items()}
    with tempfile.TemporaryDirectory() as temporary, FeedServer(feeds) as server:
        folder = arguments.library or temporary
        library, opml = _Library(folder), Path(folder, "feeds.opml")
        outlines = "".join(f'<outline type="rss" xmlUrl="{server.url(path)}"/>' for path in pages)
        opml.write_text(f'<opml version="2.0"><body>{outlines}</body></opml>')
        library.run("import", str(opml))
        for round_ in ("first", "second"):
            print(f"{round_} refresh: {library.run_json('refresh', '--all')}")
        print(f"{resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime:.1f} CPU s")
        stored = library.run_json("entries", "--limit", "1000000")
        _compare(items, stored)
        _show(library, stored, arguments.show)


if __name__ == "__main__":
    main()
