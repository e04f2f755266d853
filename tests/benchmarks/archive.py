"""A data set of articles with the links that editors placed, for the benchmarks of quality.

A folder holds `articles.jsonl[.gz]` (one article a line, with editors' `tags`) and `qrels.jsonl`
(`{"q": id, "rel": [ids]}`).
"""

from __future__ import annotations

import dataclasses
import gzip
import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aggregator.archives import read_articles

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from aggregator.domain import Article


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """`relevant` by query; `tags` those of at most a tenth of the articles; `months` "2022-07"."""

    articles: Sequence[Article]
    relevant: Mapping[str, set[str]]
    tags: Mapping[str, set[str]]
    months: Mapping[str, str]

    def queries(self, first: str, last: str) -> list[str]:
        """Those whose article was published in these months, both included."""
        return [query for query in self.relevant if first <= self.months[query] <= last]


def read_archive(folder: Path, *, view: str) -> Archive:
    """`view` "rss" leaves the text out."""
    lines = _lines(folder, "articles.jsonl")
    articles = read_articles(lines, "articles.jsonl")
    if view == "rss":
        articles = [dataclasses.replace(article, content="") for article in articles]
    all_tags = {str(facts["id"]): set(facts.get("tags", ())) for facts in map(json.loads, lines)}
    counts = Counter(tag for tags in all_tags.values() for tag in tags)
    rare = {tag for tag, count in counts.items() if count <= len(articles) / 10}
    return Archive(
        articles=articles,
        relevant={q["q"]: set(q["rel"]) for q in map(json.loads, _lines(folder, "qrels.jsonl"))},
        tags={name: found & rare for name, found in all_tags.items()},
        months={str(facts["id"]): str(facts.get("published"))[:7] for facts in map(json.loads, lines)},
    )


def _lines(folder: Path, name: str) -> list[bytes]:
    packed = folder / f"{name}.gz"
    data = gzip.decompress(packed.read_bytes()) if packed.exists() else (folder / name).read_bytes()
    return data.splitlines()
