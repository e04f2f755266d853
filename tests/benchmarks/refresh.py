"""What a refresh of 1,000 feeds costs: `python tests/benchmarks/refresh.py BENCH [--feeds N] [--slow]`.

BENCH is a folder with `feedserver.py`, a server of synthetic feeds of 30 entries each that answers
`/opml` and `/_ctl?gen=…&validators=…&latency=…&gzip=…`; it listens on
loopback alone and is stopped at the end.
Each line is the real command on one library: CPU seconds of its whole process tree, wall seconds, the largest
sum of the memory of its processes (proportional set size, read from /proc five times a second), and what it
did. `--slow` adds a latency of 50 ms and gzip to all answers.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, NamedTuple
from urllib.request import urlopen

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_PORT = 8900
_COMMAND = Path(sys.executable).parent / "lire-aussi"
_MOST_SECONDS = 900


class Cost(NamedTuple):
    cpu: float
    wall: float
    peak_mb: float
    output: str


@contextmanager
def serving(bench: Path, feeds: int) -> Iterator[None]:
    arguments = ["--port", str(_PORT), "--feeds", str(feeds), "--hosts", "200"]
    with tempfile.TemporaryDirectory() as cache:
        server = subprocess.Popen(
            [sys.executable, "feedserver.py", *arguments, "--cache", cache],
            cwd=bench,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        )
        try:
            assert server.stdout is not None
            server.stdout.readline()  # it tells when it listens
            yield
        finally:
            server.terminate()
            server.wait()


def ask(path: str) -> bytes:
    with urlopen(f"http://127.0.0.1:{_PORT}{path}", timeout=120) as answer:
        return bytes(answer.read())


def run(library: Path, *arguments: str) -> Cost:
    environment = {
        **os.environ,
        "LIRE_AUSSI_LIBRARY": str(library),
        "LIRE_AUSSI_FETCH__ALLOWED_NETWORKS": "127.0.0.0/8",
        "LIRE_AUSSI_FETCH__ICONS": "false",
    }
    started, before = time.monotonic(), os.times()
    process = subprocess.Popen(
        [_COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
    )
    ended, peak = Event(), [0]
    watch = Thread(target=_watch, args=(process.pid, ended, peak))
    watch.start()
    try:
        output, _ = process.communicate(timeout=_MOST_SECONDS)
    finally:
        process.kill()
        ended.set()
        watch.join()
    if process.returncode:
        raise SystemExit(f"lire-aussi {' '.join(arguments)} ended with {process.returncode}")
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return Cost(cpu, time.monotonic() - started, peak[0] / 1e6, output.decode())


def _watch(pid: int, ended: Event, peak: list[int]) -> None:
    while not ended.wait(0.2):
        try:
            root = psutil.Process(pid)
            tree = [root, *root.children(recursive=True)]
        except psutil.NoSuchProcess:
            return
        peak[0] = max(peak[0], sum(map(_memory, tree)))


def _memory(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except psutil.Error:
        return 0


def report(name: str, cost: Cost) -> None:
    did = json.loads(cost.output)
    told = {
        key: did[key] for key in ("not_modified", "same_body", "updated", "failed", "new_entries", "links")
    }
    figures = ", ".join(f"{value} {key}" for key, value in told.items() if value)
    print(f"{name:34} {cost.cpu:7.2f} {cost.wall:7.1f} {cost.peak_mb:7.0f}  {figures}", flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("bench", type=Path)
    parser.add_argument("--feeds", type=int, default=1_000)
    parser.add_argument("--slow", action="store_true")
    options = parser.parse_args(arguments)
    print(f"{'':34} {'CPU s':>7} {'wall s':>7} {'MB':>7}")
    with tempfile.TemporaryDirectory() as folder, serving(options.bench, options.feeds):
        ask(f"/_ctl?gen=0&validators=1&latency={50 if options.slow else 0}&gzip={int(options.slow)}")
        library = Path(folder) / "library"
        opml = Path(folder) / "feeds.opml"
        opml.write_bytes(ask("/opml"))
        run(library, "import", str(opml))
        refresh = ("refresh", "--all", "--json")
        report("first fetch", run(library, *refresh))
        report("all 304", run(library, *refresh))
        ask("/_ctl?validators=0")
        report("the same bytes", run(library, *refresh))
        ask("/_ctl?gen=1&validators=1")
        report("3 new entries each", run(library, *refresh))


if __name__ == "__main__":
    main()
