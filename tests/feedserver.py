"""A web server on the loopback, for tests: real sockets, any answer, also the broken ones.

    with FeedServer({"/feed": Response(body=rss)}) as server:
        fetch(server.url("/feed"))
        assert server.requests[0].headers["user-agent"]

It listens on several loopback addresses with one port, so that it can play many hosts; it runs in a thread of
its own and stops with the block.
"""

from __future__ import annotations

import asyncio
import itertools
import socket
import struct
import threading
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    import ssl
    from concurrent.futures import Future
    from types import TracebackType

_PHRASES = {200: "OK", 304: "Not Modified", 404: "Not Found"}
_BODILESS = (204, 304)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """As received. Header names are in lower case; equal `connection` numbers mean one connection."""

    method: str
    path: str
    """With the query."""
    headers: Mapping[str, str]
    connection: int
    address: str
    """The loopback address that was asked."""
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A proper answer. Content-Length is added unless `headers` has one."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    latency: float = 0.0
    """Seconds before the answer begins."""
    gate: threading.Event | None = None
    """The answer begins once it is set."""


@dataclass(frozen=True, slots=True)
class Sleep:
    seconds: float


@dataclass(frozen=True, slots=True)
class Repeat:
    """The steps, `times` over; without end where it is None."""

    steps: Sequence[Step]
    times: int | None = None


@dataclass(frozen=True, slots=True)
class Reset:
    """Cut the connection with a RST."""


@dataclass(frozen=True, slots=True, init=False)
class Raw:
    """An answer byte by byte, then the connection is closed."""

    steps: Sequence[Step]

    def __init__(self, *steps: Step) -> None:
        object.__setattr__(self, "steps", steps)


Step = bytes | Sleep | Repeat | Reset
Answer = Response | Raw
Route = Answer | Callable[[Request], Answer]


class FeedServer:
    """`routes` may change while it runs; a path that is not among them is answered 404.

    `requests` are all that came, `busiest` is the most requests that were under way at one moment, by address
    ("" for all of them together).
    """

    def __init__(
        self,
        routes: Mapping[str, Route] | None = None,
        *,
        addresses: Iterable[str] = ("127.0.0.1",),
        latency: float = 0.0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.routes: dict[str, Route] = dict(routes or {})
        self.requests: list[Request] = []
        self.busiest: dict[str, int] = {}
        self.port = 0
        self._addresses = tuple(addresses)
        self._latency = latency
        self._tls = tls
        self._busy: dict[str, int] = {}
        self._connections = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="feedserver", daemon=True)

    def url(self, path: str = "/", address: str = "") -> str:
        scheme = "https" if self._tls else "http"
        return f"{scheme}://{address or self._addresses[0]}:{self.port}{path}"

    def paths(self) -> list[str]:
        return [request.path for request in self.requests]

    def __enter__(self) -> Self:
        sockets = _listen(self._addresses)
        self.port = sockets[0].getsockname()[1]
        self._thread.start()
        self._run(self._serve(sockets))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _run(self, work: Coroutine[object, object, None]) -> None:
        future: Future[None] = asyncio.run_coroutine_threadsafe(work, self._loop)
        future.result(10)

    async def _serve(self, sockets: Sequence[socket.socket]) -> None:
        self._servers = [
            await asyncio.start_server(self._accept, sock=listening, ssl=self._tls, limit=2**20)
            for listening in sockets
        ]

    async def _close(self) -> None:
        for server in self._servers:
            server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections += 1
        connection = self._connections
        if task := asyncio.current_task():
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        # The other side may hang up at any moment, and so does `_close`.
        with suppress(OSError, EOFError, asyncio.LimitOverrunError, asyncio.CancelledError):
            while await self._answer_next(reader, writer, connection):
                pass
        writer.close()

    async def _answer_next(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: int
    ) -> bool:
        """Answer one request; False where the connection ends with it."""
        head = await reader.readuntil(b"\r\n\r\n")
        request = _read_request(head, connection, writer.get_extra_info("sockname")[0])
        if length := int(request.headers.get("content-length", "0")):
            request = replace(request, body=await reader.readexactly(length))
        self.requests.append(request)
        self._count(request.address, 1)
        try:
            return await self._answer(request, writer)
        finally:
            self._count(request.address, -1)

    async def _answer(self, request: Request, writer: asyncio.StreamWriter) -> bool:
        route = self.routes.get(request.path, Response(status=404))
        answer = route(request) if callable(route) else route
        if isinstance(answer, Raw):
            await asyncio.sleep(self._latency)
            await _play(answer.steps, writer)
            return False
        await asyncio.sleep(self._latency + answer.latency)
        while answer.gate and not answer.gate.is_set():  # noqa: ASYNC110 (another thread sets it)
            await asyncio.sleep(0.01)
        writer.write(_encode(answer))
        await writer.drain()
        return "close" not in (request.headers.get("connection"), answer.headers.get("Connection"))

    def _count(self, address: str, change: int) -> None:
        for key in ("", address):
            self._busy[key] = self._busy.get(key, 0) + change
            self.busiest[key] = max(self.busiest.get(key, 0), self._busy[key])


def _listen(addresses: Sequence[str]) -> list[socket.socket]:
    """Listening sockets on one port of all the addresses: the first chooses, the others may find it taken."""
    for _ in range(20):
        first = socket.create_server((addresses[0], 0), backlog=1000)
        port = first.getsockname()[1]
        sockets = [first]
        try:
            sockets += [socket.create_server((address, port), backlog=1000) for address in addresses[1:]]
        except OSError:
            for listening in sockets:
                listening.close()
        else:
            return sockets
    raise OSError("no port is free on all of the loopback addresses")


def _read_request(head: bytes, connection: int, address: str) -> Request:
    first, *lines = head.decode("latin-1").split("\r\n")
    method, path, _ = first.split(" ", 2)
    pairs = (line.split(":", 1) for line in lines if ":" in line)
    headers = {name.strip().lower(): value.strip() for name, value in pairs}
    return Request(method=method, path=path, headers=headers, connection=connection, address=address)


def _encode(response: Response) -> bytes:
    headers = dict(response.headers)
    if response.status not in _BODILESS:
        headers.setdefault("Content-Length", str(len(response.body)))
    lines = [f"HTTP/1.1 {response.status} {_PHRASES.get(response.status, 'Other')}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + response.body


async def _play(steps: Sequence[Step], writer: asyncio.StreamWriter) -> None:
    for step in steps:
        match step:
            case bytes():
                writer.write(step)
                await writer.drain()
            case Sleep():
                await asyncio.sleep(step.seconds)
            case Repeat():
                for _ in itertools.repeat(None) if step.times is None else range(step.times):
                    await _play(step.steps, writer)
            case Reset():
                _reset(writer)


def _reset(writer: asyncio.StreamWriter) -> None:
    # Closed with no time to linger, a socket sends a RST and drops what it still had to send.
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
