"""Damaged feeds and OPML files, through the child processes that read foreign bytes.

    python tests/benchmarks/fuzz.py SHARED [--count 20000] [--seed 1] [--show SEED]

SHARED holds documents under `feeds/` and `opml/`. Each damaged one must end in what it says or in a
`ParseError` or `OpmlError`, within 2 s and 300 MB; a child that takes longer is stopped. What breaks this is
told with its seed and its source, and the status is 1. A seed makes its document anew: `--show` writes it.
A document that was stopped is read once more before it counts, as other programs may have had the machine.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mutations import mutated

from aggregator.domain import Fetched, Validators
from aggregator.errors import OpmlError, ParseError
from aggregator.feeds.documents import DocumentReader

if TYPE_CHECKING:
    from collections.abc import Sequence

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TIME = timedelta(seconds=2)
GROWTH_BYTES = 300_000_000
_STOPPED = ("took more than", "too much memory", "ended the process")
_NO_DOCUMENTS = {".py", ".md", ".go", ".java", ".kt", ".rb", ".jsonl"}


def read_sources(folder: Path) -> list[bytes]:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix not in _NO_DOCUMENTS)
    return list(dict.fromkeys(path.read_bytes()[:200_000] for path in files))


def a_document(body: bytes) -> Fetched:
    return Fetched(
        url="https://feeds.test/feed.xml",
        body=body,
        body_hash=sha256(body).hexdigest(),
        content_type="application/xml",
        validators=Validators(),
        max_age=None,
    )


async def outcome(documents: DocumentReader, body: bytes, *, is_opml: bool) -> str:
    """How it ended: "read", "refused", or a fault in words."""
    try:
        if is_opml:
            await documents.read_opml(body)
        else:
            await documents.read(a_document(body), b"", now=NOW)
    except (ParseError, OpmlError) as error:
        detail = str(error)
        return detail if any(words in detail for words in _STOPPED) else "refused"
    except Exception as error:  # noqa: BLE001 (any other is what is sought)
        return f"{type(error).__name__}: {error}"
    return "read"


class Sources:
    """What is damaged: four feeds for one list of feeds, as the seed says."""

    def __init__(self, feeds: Sequence[bytes], opml: Sequence[bytes]) -> None:
        self._kinds = (feeds, opml)

    def make(self, seed: int) -> tuple[bytes, bool]:
        """The damaged document, and whether it is an OPML file."""
        is_opml = seed % 5 == 0
        sources = self._kinds[is_opml]
        return mutated(sources[seed * 7919 % len(sources)], sources, seed), is_opml


async def run(documents: DocumentReader, sources: Sources, seeds: Sequence[int]) -> Counter[str]:
    ends: Counter[str] = Counter()
    for done, seed in enumerate(seeds, 1):
        body, is_opml = sources.make(seed)
        end = await outcome(documents, body, is_opml=is_opml)
        if end not in ("read", "refused"):
            again = await outcome(documents, body, is_opml=is_opml)
            if again not in ("read", "refused"):
                print(
                    f"seed {seed} ({'OPML' if is_opml else 'feed'}, {len(body):,} bytes): {again}", flush=True
                )
                end = "fault"
            else:
                end = "slow once"
        ends[end] += 1
        if done % 1_000 == 0:
            print(f"{done:,}: {dict(ends)}", flush=True)
    return ends


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("shared", type=Path)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int)
    arguments = parser.parse_args()
    sources = Sources(read_sources(arguments.shared / "feeds"), read_sources(arguments.shared / "opml"))
    if arguments.show is not None:
        sys.stdout.buffer.write(sources.make(arguments.show)[0])
        return 0
    seeds = range(arguments.seed, arguments.seed + arguments.count)
    started = time.monotonic()
    with DocumentReader(workers=1, timeout=TIME, growth_bytes=GROWTH_BYTES) as documents:
        ends = asyncio.run(run(documents, sources, seeds))
    print(f"{len(seeds):,} in {time.monotonic() - started:.0f} s: {dict(ends)}")
    return 1 if ends["fault"] else 0


if __name__ == "__main__":
    sys.exit(main())
