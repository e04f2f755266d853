"""Nothing but the guarded fetcher opens connections to the outside.

Python itself tells, of the real command and of all its children, while it adds, refreshes, collects icons and
asks hubs.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from feedserver import FeedServer, Request, Response
from pictures import picture

if TYPE_CHECKING:
    from collections.abc import Callable

COMMAND = str(Path(sys.executable).with_name("lire-aussi"))

# Every Python process that finds it on its path runs it first. It notes each connection and each look-up of a
# name, and whether our fetcher opened that socket or asked for that look-up.
WITNESS = """
import ipaddress, os, sys, weakref

def _by_fetcher():
    frame = sys._getframe(2)
    while frame is not None:
        if frame.f_code.co_filename.replace(os.sep, "/").endswith("aggregator/feeds/fetching.py"):
            return True
        frame = frame.f_back
    return False

def _is_number(host):
    try:
        ipaddress.ip_address(os.fsdecode(host))
    except ValueError:
        return False
    return True

_opened = weakref.WeakSet()
_file = os.environ["WITNESS_FILE"]

def _note(*words):
    with open(_file, "a") as notes:
        print(*words, file=notes)

def _witness(event, arguments):
    if event == "socket.__new__" and _by_fetcher():
        _opened.add(arguments[0])
    elif event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        subject, address = arguments[:2]
        if isinstance(address, tuple):
            _note("fetcher" if subject in _opened else "other", address[0], address[1])
    elif event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"):
        host = arguments[0]
        if host and not _is_number(host):  # which is not looked up anywhere
            _note("fetcher" if _by_fetcher() else "other", host, 0)

sys.addaudithook(_witness)
"""


def page(head: str) -> Response:
    return Response(body=f"<html><head>{head}".encode(), headers={"Content-Type": "text/html"})


def wait_until(true: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert true()


def witnessed(folder: Path) -> dict[str, str]:
    """The environment of a process that is watched."""
    (folder / "path").mkdir()
    (folder / "path" / "sitecustomize.py").write_text(WITNESS, "utf-8")
    return os.environ | {
        "PYTHONPATH": str(folder / "path"),
        "WITNESS_FILE": str(folder / "notes"),
        "LIRE_AUSSI_LIBRARY": str(folder / "library"),
        "LIRE_AUSSI_FETCH__ALLOWED_NETWORKS": "127.0.0.0/8",
        "LIRE_AUSSI_PAGES__PUBLIC_URL": "https://reader.example/",
    }


def run(environment: dict[str, str], *arguments: str) -> None:
    done = subprocess.run(
        [COMMAND, *arguments], env=environment, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr


def test_only_the_fetcher_opens_connections(tmp_path: Path) -> None:
    environment = witnessed(tmp_path)
    with FeedServer() as server:
        hub = f'<a:link xmlns:a="http://www.w3.org/2005/Atom" rel="hub" href="{server.url("/hub")}"/>'
        feed = (
            f'<rss version="2.0"><channel><title>Journal</title><link>{server.url("/site")}</link>{hub}'
            "<item><guid>1</guid><title>One</title></item></channel></rss>"
        )

        def moved(request: Request) -> Response:
            return Response(status=302, headers={"Location": "/feed"})

        server.routes |= {
            "/": page('<link rel="alternate" type="application/rss+xml" href="/moved">'),
            "/moved": moved,
            "/feed": Response(body=feed.encode()),
            "/site": page('<link rel="icon" href="/icon.png">'),
            "/icon.png": Response(body=picture()),
            "/hub": Response(status=202),
        }
        run(environment, "add", server.url("/"))
        serving = subprocess.Popen(
            [COMMAND, "serve", "--port", "0"],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            wait_until(lambda: {"/feed", "/icon.png", "/hub"} <= set(server.paths()))
        finally:
            serving.send_signal(signal.SIGTERM)
            serving.wait(30)
        notes = [line.split() for line in (tmp_path / "notes").read_text("utf-8").splitlines()]
        assert len([1 for who, *_ in notes if who == "fetcher"]) >= len(set(server.paths()))
        assert [note for note in notes if note[0] != "fetcher"] == []
        assert {(host, int(port)) for _, host, port in notes} == {("127.0.0.1", server.port)}
