"""How fast neighbours are found: `python tests/benchmarks/linking.py [10000 1000000] [--k 10] [--no-peers]`.

Prints CPU milliseconds an article, medians of rounds in which all take turns, for the index and for those
that one would use instead: scikit-learn's `cosine_similarity` (one query), sparse_dot_topn (a batch of 100),
tantivy (OR of all terms) and SQLite FTS5 (OR of the 25 heaviest terms). Then memory, restart and what
compiling costs, each in a process of its own. The articles are made here: words by Zipf, topics, and stories
of a few days, about 101 distinct terms each, a thousand a day. sparse_dot_topn and tantivy are needed for
this only: `pip install sparse_dot_topn tantivy`.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy import sparse
from sklearn.metrics.pairwise import cosine_similarity
from sklearn.preprocessing import normalize

from aggregator.related.cachefiles import read_manifest
from aggregator.related.index import Index
from aggregator.related.weighting import decode, encode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy.typing as npt

_VOCABULARY = 400_000
_STREAMED = 100_000  # beyond, the own lists of old rows are drawn instead of found: it would take an hour
_ARTICLES_A_DAY = 1000


class Text(NamedTuple):
    terms: npt.NDArray[np.uint32]
    codes: npt.NDArray[np.uint8]
    day: float


def make_articles(number: int = 0) -> Iterator[Text]:
    """Articles without end, dated as from the `number`-th on.

    62 % of the words are from all, 20 % from a topic, 18 % from a story.
    """
    names = np.random.default_rng(7).choice(2**32, _VOCABULARY, replace=False).astype(np.uint32)
    rng = np.random.default_rng(number)
    zipf = np.cumsum(1 / (np.arange(1, _VOCABULARY + 1) + 20.0) ** 1.02)
    zipf /= zipf[-1]
    topics = rng.integers(300, 30_000, (300, 200))
    stories = [_story(rng) for _ in range(300)]
    while True:
        at = int(len(stories) * rng.random() ** 1.5)
        if rng.random() < 0.25:
            stories[at] = _story(rng)
        topic, words = stories[at]
        length = int(110 * rng.lognormal(-0.04, 0.3))
        general, topical = int(length * 0.62), int(length * 0.2)
        found = np.concatenate(
            [
                np.searchsorted(zipf, rng.random(general)),
                topics[topic][(200 * rng.random(topical) ** 2).astype(int)],
                words[(40 * rng.random(length - general - topical) ** 1.5).astype(int)],
            ]
        )
        distinct, counts = np.unique(found, return_counts=True)
        tf = (1 + np.log(counts)) * rng.uniform(0.5, 1, len(distinct))
        order = np.argsort(names[distinct])
        codes = encode((tf / tf.max())[order], np.zeros(len(order), np.bool_))
        yield Text(names[distinct[order]], codes, number / _ARTICLES_A_DAY)
        number += 1


def _story(rng: np.random.Generator) -> tuple[int, npt.NDArray[np.int64]]:
    return int(rng.integers(300)), (_VOCABULARY * rng.random(40) ** 2).astype(np.int64)


def build(articles: Iterator[Text], size: int, k: int) -> Index:
    """An index of so many articles, as linking leaves it."""
    index = Index()
    for row, article in enumerate(islice(articles, size)):
        index.add(*article)
        if row < min(size, _STREAMED):
            index.nearest(row, k=k)
    if size > _STREAMED:
        _draw_lists(index, np.random.default_rng(0))
    return index


def _draw_lists(index: Index, rng: np.random.Generator) -> None:
    """Give rows whose neighbours were not searched the best scores of rows for which they were."""
    columns = index._columns
    drawn = rng.integers(_STREAMED // 4, _STREAMED * 3 // 4, len(index) - _STREAMED)
    columns.best[_STREAMED : len(index)] = columns.best[drawn]
    columns.tenth[_STREAMED : len(index)] = columns.best[drawn, -1]
    index._asked = len(index)
    index.measure()


class Contender(NamedTuple):
    """`turn` is how many articles it gets a round; what `prepare` makes of them is not timed, `run` is."""

    name: str
    turn: int
    prepare: Callable[[Sequence[Text]], Any]
    run: Callable[[Any], object]


def _ours(index: Index, k: int) -> list[Contender]:
    def arrive(texts: Sequence[Text]) -> None:
        for text in texts:
            index.nearest(index.add(*text), k=k)

    def ask(texts: Sequence[Text]) -> None:
        for text in texts:
            index.query(*text, k=k)

    return [
        Contender("add + own list + older lists", 100, list, arrive),
        Contender("one query", 100, list, ask),
    ]


def _vectors(index: Index, texts: Sequence[Text], width: int) -> sparse.csr_matrix[np.float32]:
    """Normalised vectors over the terms' numbers in the index, those below `width`."""
    known = [index._vocabulary.find(text.terms) for text in texts]
    weights = [decode(t.codes) * index.idf(t.terms) for t in texts]
    bounds = np.cumsum([0, *(len(t.terms) for t in texts)])
    columns, values = np.concatenate(known), np.concatenate(weights)
    strange = (columns < 0) | (columns >= width)
    columns[strange], values[strange] = 0, 0
    return normalize(sparse.csr_matrix((values, columns, bounds), (len(texts), width)))


def _products(index: Index, k: int) -> list[Contender]:
    from sparse_dot_topn import sp_matmul_topn

    width = index._vocabulary.size

    def prepare(texts: Sequence[Text]) -> sparse.csr_matrix[np.float32]:
        return _vectors(index, texts, width)

    parts = [
        prepare([Text(*index.vector(row), 0) for row in range(at, min(at + 10_000, len(index)))])
        for at in range(0, len(index), 10_000)
    ]
    vectors = sparse.vstack(parts, format="csr")
    inverted = vectors.T.tocsr()

    def compare(queries: sparse.csr_matrix[np.float32]) -> None:
        for query in queries:
            cosines = cosine_similarity(query.reshape(1, -1), vectors)[0]
            np.argpartition(cosines, -k)[-k:]

    def multiply(queries: sparse.csr_matrix[np.float32]) -> None:
        sp_matmul_topn(queries, inverted, top_n=k, n_threads=1)

    return [
        Contender("scikit-learn cosine_similarity", 3, prepare, compare),
        Contender("sparse_dot_topn, batch", 100, prepare, multiply),
    ]


def _words(terms: npt.NDArray[np.uint32]) -> list[str]:
    return [f"t{term:x}" for term in terms.tolist()]


def _tantivy(index: Index, k: int) -> Contender:
    import tantivy

    schema = tantivy.SchemaBuilder().add_text_field("text", tokenizer_name="whitespace").build()
    engine = tantivy.Index(schema)
    writer = engine.writer(heap_size=200_000_000, num_threads=1)
    for row in range(len(index)):
        writer.add_document(tantivy.Document(text=" ".join(_words(index.vector(row)[0]))))
    writer.commit()
    writer.wait_merging_threads()
    engine.reload()
    searcher = engine.searcher()

    def prepare(texts: Sequence[Text]) -> list[tantivy.Query]:
        words = [_words(text.terms) for text in texts]
        terms = [[tantivy.Query.term_query(schema, "text", word) for word in some] for some in words]
        return [tantivy.Query.boolean_query([(tantivy.Occur.Should, t) for t in some]) for some in terms]

    def search(queries: Sequence[tantivy.Query]) -> None:
        for query in queries:
            searcher.search(query, k)

    return Contender("tantivy, OR of all terms", 20, prepare, search)


def _fts5(index: Index, k: int) -> Contender:
    database = sqlite3.connect(":memory:")
    database.execute("CREATE VIRTUAL TABLE texts USING fts5(text, content='')")
    rows = ((" ".join(_words(index.vector(row)[0])),) for row in range(len(index)))
    database.executemany("INSERT INTO texts (text) VALUES (?)", rows)

    def prepare(texts: Sequence[Text]) -> list[str]:
        heaviest = [np.argsort(decode(text.codes) * index.idf(text.terms))[-25:] for text in texts]
        return [" OR ".join(_words(t.terms[some])) for t, some in zip(texts, heaviest, strict=True)]

    def search(queries: Sequence[str]) -> None:
        statement = "SELECT rowid FROM texts WHERE texts MATCH ? ORDER BY rank LIMIT ?"
        for query in queries:
            database.execute(statement, (query, k)).fetchall()

    return Contender("SQLite FTS5, OR of the top 25", 5, prepare, search)


def _peers(index: Index, k: int) -> list[Contender]:
    try:
        return [*_products(index, k), _tantivy(index, k), _fts5(index, k)]
    except ModuleNotFoundError as error:
        raise SystemExit(f"{error}: pip install sparse_dot_topn tantivy, or say --no-peers") from error


def race(contenders: Sequence[Contender], texts: Iterator[Text], rounds: int) -> dict[str, float]:
    """CPU milliseconds an article: medians of rounds in which all take turns; the first does not count."""
    times: dict[str, list[float]] = {contender.name: [] for contender in contenders}
    for _ in range(rounds + 1):
        for contender in contenders:
            turn = contender.prepare(list(islice(texts, contender.turn)))
            start = time.process_time()
            contender.run(turn)
            times[contender.name].append((time.process_time() - start) / contender.turn * 1000)
    return {name: statistics.median(taken[1:]) for name, taken in times.items()}


def memory() -> str:
    """Resident memory and the part of it that no file stands for, in MB; Linux only."""
    lines = Path("/proc/self/status").read_text().splitlines()
    pages = {line.split(":")[0]: int(line.split()[1]) // 1024 for line in lines if line.endswith("kB")}
    return f"{pages['VmRSS']} MB resident, {pages['RssAnon']} MB anonymous"


def restart(folder: Path) -> None:
    """Load the index and answer, in this fresh process."""
    manifest = read_manifest(folder)
    assert manifest is not None
    texts = list(islice(make_articles(int(manifest["alive"])), 2_000))
    print(f"  before loading: {memory()}")
    start, wall = time.process_time(), time.perf_counter()
    index = Index.load(folder)
    assert index is not None
    index.nearest(index.add(*texts[0]), k=10)
    taken = time.process_time() - start
    print(f"  load and first answer: {taken:.2f} s CPU, {time.perf_counter() - wall:.2f} s")
    for text in texts[1:]:
        index.nearest(index.add(*text), k=10)
    print(f"  after {len(texts):,} arrivals: {memory()}")


def first_start() -> None:
    """The first answers of a process."""
    start = time.process_time()
    index = Index()
    for text in islice(make_articles(), 3):
        index.nearest(index.add(*text), k=10)
    made = time.process_time() - start
    print(f"{made:.1f} s CPU")


def _in_child(*arguments: str, **environment: str) -> None:
    command = [sys.executable, __file__, *arguments]
    sys.stdout.flush()
    subprocess.run(command, check=True, env={**os.environ, **environment})


def _report(size: int, k: int, rounds: int, *, peers: bool) -> None:
    articles = make_articles()
    index = build(articles, size, k)
    contenders = [*_ours(index, k), *(_peers(index, k) if peers else [])]
    times = race(contenders, articles, rounds)
    arrival, query = (times[contender.name] for contender in contenders[:2])
    print(f"\n{size:,} articles, k = {k}: CPU ms an article, that many times an arrival, a query")
    for name, taken in times.items():
        print(f"  {name:32} {taken:9.3f} {taken / arrival:8.1f}× {taken / query:8.1f}×")
    with tempfile.TemporaryDirectory() as folder:
        start = time.process_time()
        index.save(Path(folder))
        mebibytes = sum(path.stat().st_size for path in Path(folder).iterdir()) >> 20
        print(f"  saved in {time.process_time() - start:.2f} s CPU, {mebibytes} MB")
        _in_child("--restart", folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("sizes", nargs="*", type=int, default=[10_000, 100_000])
    parser.add_argument("--k", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--restart", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--first-start", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.first_start:
        first_start()
    elif asked.restart:
        restart(asked.restart)
    else:
        with tempfile.TemporaryDirectory() as cache:
            for title in ("compiling at the first start: ", "at later starts: "):
                print(title, end="")
                _in_child("--first-start", NUMBA_CACHE_DIR=cache)
        for size in asked.sizes:
            _report(size, asked.k, max(5, asked.rounds), peers=not asked.no_peers)


if __name__ == "__main__":
    main()
