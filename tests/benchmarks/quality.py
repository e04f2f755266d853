"""How good the links are: `python tests/benchmarks/quality.py DATA [--view rss] [--from 2022-07]`.

DATA holds `articles.jsonl[.gz]` (one article a line, with editors' `tags`) and `qrels.jsonl`
(`{"q": id, "rel": [ids]}`: the links that editors placed). Prints recall and nDCG at 5, hits at 4, the share
of four slots that is shown, and the share of shown links that are on topic (a tag in common that at most a
tenth of the articles carry), for `lire-aussi link` with and without its gate, beside scikit-learn's
defaults on the same articles.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from archive import read_archive
from sklearn.feature_extraction.text import TfidfVectorizer

from aggregator.archives import link_articles
from aggregator.policies import RelatedPolicy

if TYPE_CHECKING:
    from aggregator.domain import Article

Shown = Mapping[int | str, Sequence[int | str]]


def _ours(articles: Sequence[Article], limit: int, *, gate: bool) -> Shown:
    found = link_articles(articles, RelatedPolicy(), limit=limit, earlier_only=True, gate=gate)
    return {a.id: [articles[link.id].id for link in links] for a, links in zip(articles, found, strict=True)}


def _naive(articles: Sequence[Article], limit: int) -> Shown:
    """`TfidfVectorizer()` and cosine, the candidates those of `--earlier-only`."""
    vectors = TfidfVectorizer().fit_transform(f"{a.title} {a.summary} {a.content}" for a in articles)
    days = np.array([a.published_at.timestamp() / 86_400 if a.published_at else 0 for a in articles])
    shown: dict[int | str, Sequence[int | str]] = {}
    for start in range(0, len(articles), 256):
        cosines = (vectors[start : start + 256] @ vectors.T).toarray()
        for row, scores in enumerate(cosines, start):
            scores[days > days[row] + 0.5] = -1
            scores[row] = -1
            best = np.argsort(-scores, kind="stable")[:limit]
            shown[articles[row].id] = [articles[other].id for other in best]
    return shown


def _measure(
    shown: Shown, relevant: Mapping[str, set[str]], tags: Mapping[str, set[str]], queries: Sequence[str]
) -> str:
    ndcg = recall = hits = slots = on_topic = 0.0
    for query in queries:
        links, wanted = [str(other) for other in shown[query]], relevant[query]
        gain = sum(1 / math.log2(place + 2) for place, other in enumerate(links[:5]) if other in wanted)
        ndcg += gain / sum(1 / math.log2(place + 2) for place in range(min(5, len(wanted))))
        recall += len(wanted & set(links[:5])) / len(wanted)
        hits += bool(wanted & set(links[:4]))
        slots += len(links[:4])
        on_topic += sum(bool(tags[other] & tags[query]) for other in links[:4])
    n = len(queries)
    return (
        f"nDCG@5 {ndcg / n:.3f}  R@5 {recall / n:.3f}  H@4 {hits / n:.3f}  "
        f"slots {slots / n / 4:.3f}  on-topic {on_topic / max(slots, 1):.3f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--view", choices=("full", "rss"), default="full")
    parser.add_argument("--from", dest="first", default="", help="first month of the queries, as in 2022-07")
    parser.add_argument("--to", dest="last", default="9999", help="last month of the queries")
    arguments = parser.parse_args()

    archive = read_archive(arguments.data, view=arguments.view)
    articles, relevant, tags = archive.articles, archive.relevant, archive.tags
    queries = archive.queries(arguments.first, arguments.last)

    print(f"{len(articles)} articles, {len(queries)} queries, view {arguments.view}")
    for name, linked in (
        ("scikit-learn defaults", lambda: _naive(articles, 5)),
        ("link --no-gate", lambda: _ours(articles, 5, gate=False)),
        ("link", lambda: _ours(articles, 4, gate=True)),
    ):
        started = time.process_time()
        shown = linked()
        print(
            f"{name:22} {_measure(shown, relevant, tags, queries)}  CPU {time.process_time() - started:.1f} s"
        )


if __name__ == "__main__":
    main()
