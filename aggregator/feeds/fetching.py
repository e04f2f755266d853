"""A URL and the validators of last time -> the document, or the news that it has not changed.

Promises: one request at a time to a host, `limits.concurrency` in all; a fetch ends within `limits.timeout`,
not counting its turn in the queue, and holds at most `limits.max_bytes`; every address is judged before it
is connected to; whatever goes wrong is a `FetchError` that says in words what happened.
Refuses: proxies, cookies and passwords from anywhere; redirects that were not judged; a truncated document.
"""

from __future__ import annotations

import errno
import hashlib
import socket
from asyncio import get_running_loop
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from ipaddress import ip_address
from typing import TYPE_CHECKING, Self

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.http_exceptions import HttpProcessingError
from yarl import URL

from aggregator.domain import Fetched, NotModified, Validators
from aggregator.errors import AddressRefused, BadStatus, Gone, NotAPage, TooLarge, Unreachable, reason_of
from aggregator.feeds.addresses import allowed_names, check_address, check_url
from aggregator.feeds.decoding import ACCEPT_ENCODING, decoder_for
from aggregator.feeds.headers import (
    conditional_headers,
    merge_validators,
    read_max_age,
    read_retry_after,
    read_validators,
)
from aggregator.feeds.journey import NO_VALIDATORS, Journey
from aggregator.feeds.tls import Trouble, explain_certificate, explain_handshake
from aggregator.feeds.turns import Turns

if TYPE_CHECKING:
    from asyncio import Future
    from collections.abc import AsyncIterator, Mapping
    from types import TracebackType

    from aggregator.feeds.turns import Host
    from aggregator.policies import FetchLimits

Lookup = Callable[[str, int], Sequence[str]]
"""A host name and a port -> its addresses, as numbers. It may block; `OSError` where it finds none."""

ACCEPT_FEEDS = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml, "
    "application/xml;q=0.9, text/xml;q=0.9, application/json;q=0.8, text/html;q=0.7, */*;q=0.5"
)
ACCEPT_PAGES = "text/html, application/xhtml+xml;q=0.9, */*;q=0.1"
_PAGE_TYPES = ("", "text/html", "application/xhtml+xml")
_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_MAX_HEADER_BYTES = 64_000
_MAX_CONTENT_TYPE_LENGTH = 255
_REASONS = {
    errno.ECONNREFUSED: ("refused", "connection refused"),
    errno.ECONNRESET: ("closed", "the server closed the connection before the end"),
    errno.EPIPE: ("closed", "the server closed the connection before the end"),
    errno.EHOSTUNREACH: ("no-way", "there is no way to its address"),
    errno.ENETUNREACH: ("no-way", "there is no way to its network"),
    errno.EMFILE: ("", "this program has too many files and connections open"),
}


def system_lookup(host: str, port: int) -> Sequence[str]:
    # As bytes, the name is looked up as it stands; of a text, Python would make IDNA 2003 first.
    found = socket.getaddrinfo(
        host.encode("ascii"), port, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG
    )
    return [str(address[0]) for *_, address in found]


class Fetcher:
    """To be entered once and shared by all who fetch. `lookup` turns names into addresses.

    With `pages_only`, what is no HTML is `NotAPage`, and is not received.
    """

    def __init__(
        self,
        limits: FetchLimits,
        *,
        version: str,
        accept: str = ACCEPT_FEEDS,
        pages_only: bool = False,
        lookup: Lookup = system_lookup,
    ) -> None:
        self._limits = limits
        self._accept = accept
        self._pages_only = pages_only
        self._user_agent = _user_agent(version, limits.contact)
        self._lookup = lookup
        self._turns = Turns(limits.concurrency)
        self._guard: _Guard
        self._session: aiohttp.ClientSession

    async def __aenter__(self) -> Self:
        self._guard = guard = _Guard(self._limits, self._lookup)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0,  # Turns limit; a wait in here would count as time of the fetch
                resolver=guard,
                socket_factory=guard.open_socket,
            ),
            headers={
                "User-Agent": self._user_agent,
                "Accept": self._accept,
                "Accept-Encoding": ACCEPT_ENCODING,
            },
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, connect=self._limits.connect_timeout.total_seconds()),
            auto_decompress=False,  # it takes a gzip body that ends early for a whole one
            trust_env=False,
            max_line_size=_MAX_HEADER_BYTES,
            max_field_size=_MAX_HEADER_BYTES,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._session.close()
        await self._guard.close()

    async def fetch(self, url: str, validators: Validators = NO_VALIDATORS) -> Fetched | NotModified:
        """The document at `url`, after redirects, or `NotModified` where the server says so.

        Raise `AddressRefused`, `Unreachable`, `BadStatus` (with its `status`), `Gone`, `TooLarge` or
        `NotAPage`; their subject is `url`.
        """
        journey = Journey(url, validators, self._limits)
        while True:
            outcome = await self._visit(journey)
            if not isinstance(outcome, _Redirect):
                return outcome
            journey.follow(outcome.status, outcome.location)

    async def post(self, url: str, form: Mapping[str, str]) -> int:
        """Send a form; the status of the answer. Its body is not read, and no redirect is followed.

        Raise `AddressRefused` or `Unreachable`.
        """
        journey = Journey(url, NO_VALIDATORS, self._limits)
        target = URL(journey.target, encoded=True)
        async with (
            self._turn(journey),
            self._session.post(
                target, data=dict(form), headers={"Connection": "close"}, allow_redirects=False
            ) as response,
        ):
            return response.status

    async def _visit(self, journey: Journey) -> Fetched | NotModified | _Redirect:
        async with self._turn(journey) as turn:
            return await self._ask(journey, keep_alive=turn.others_wait)

    @asynccontextmanager
    async def _turn(self, journey: Journey) -> AsyncIterator[Host]:
        """Judge the address, wait for its host's turn, let the time run; say in words what goes wrong."""
        try:
            check_url(journey.target, self._limits)
            async with self._turns.take(journey.host) as turn, journey.time_counts():
                yield turn
        except AddressRefused as error:
            refused = journey.failure(AddressRefused, error.detail, advice=error.advice)
            raise refused.because(error.reason) from None
        except (aiohttp.ClientError, OSError) as error:
            trouble = _explain(error, self._limits)
            failed = journey.failure(Unreachable, trouble.detail, advice=trouble.advice)
            raise failed.because(trouble.reason) from error

    async def _ask(self, journey: Journey, *, keep_alive: bool) -> Fetched | NotModified | _Redirect:
        conditions = conditional_headers(journey.validators)
        # Kept open for nobody, a thousand feeds would leave a thousand idle connections behind.
        headers = conditions if keep_alive else conditions | {"Connection": "close"}
        target = URL(journey.target, encoded=True)
        async with self._session.get(target, headers=headers, allow_redirects=False) as response:
            if response.status == HTTPStatus.OK:
                return await self._receive(journey, response)
            if response.status == HTTPStatus.NOT_MODIFIED and conditions:
                new = merge_validators(_validators(response), journey.validators)
                age = _max_age(response)
                return NotModified(validators=new, max_age=age, url=journey.target, moved=journey.moved)
            if response.status in _REDIRECTS:
                return _Redirect(response.status, response.headers.get("Location", ""))
            raise _bad_status(journey, response)

    async def _receive(self, journey: Journey, response: aiohttp.ClientResponse) -> Fetched:
        media_type = _content_type(response).partition(";")[0].strip().lower()
        if self._pages_only and media_type not in _PAGE_TYPES:
            detail = f"it is no web page, but {media_type}"
            raise journey.failure(NotAPage, detail).because("page-not-html", type=media_type)
        try:
            body = await self._read_body(response)
        except _TooLong:
            detail = f"it is larger than {self._limits.max_bytes:,} bytes"
            raise journey.failure(TooLarge, detail) from None
        except ValueError as error:
            raise journey.failure(Unreachable, str(error)).because("damaged") from error
        return Fetched(
            url=journey.target,
            moved=journey.moved,
            body=body,
            body_hash=hashlib.sha256(body).hexdigest(),
            content_type=_content_type(response),
            validators=_validators(response),
            max_age=_max_age(response),
            **_push_links(response),
        )

    async def _read_body(self, response: aiohttp.ClientResponse) -> bytes:
        """The decoded body; raise `_TooLong`, or `ValueError` where it cannot be decoded."""
        decoder = decoder_for(", ".join(response.headers.getall("Content-Encoding", ())))
        self._check_size(response.content_length or 0)
        _end_with_connection(response)
        body = bytearray()
        received = 0
        async for chunk in response.content.iter_any():
            received += len(chunk)
            self._check_size(received)
            for piece in decoder.feed(chunk):
                body += piece
                self._check_size(len(body))
        decoder.finish()
        return bytes(body)

    def _check_size(self, size: int) -> None:
        if size > self._limits.max_bytes:
            raise _TooLong


class _TooLong(Exception):
    """More bytes than the limit."""


@dataclass(frozen=True, slots=True)
class _Redirect:
    status: int
    location: str
    """As the server wrote it; perhaps empty."""


class _Guard(AbstractResolver):
    """Looks names up and opens sockets, for public addresses only.

    Every answer of a look-up must pass, and the numbers that passed are the numbers that are connected to:
    a name that changes its mind between two look-ups (DNS rebinding) gains nothing.
    """

    def __init__(self, limits: FetchLimits, lookup: Lookup) -> None:
        self._limits = limits
        self._lookup = lookup
        self._allowed_names = allowed_names(limits)
        self._trusted: dict[str, str] = {}  # addresses of the names that the operator allowed -> the name
        # Our own threads, and more than fetches: a look-up that nobody waits for any more may hold its
        # thread for half a minute, and must not hold up those of other hosts.
        self._threads = ThreadPoolExecutor(4 * limits.concurrency, thread_name_prefix="lookup")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        addresses = await get_running_loop().run_in_executor(self._threads, self._lookup, host, port)
        if not addresses:
            raise socket.gaierror(socket.EAI_NONAME, "no address")
        for address in addresses:
            check_address(ip_address(address), port, self._limits, host=host)
        if host in self._allowed_names:
            self._trusted.update(dict.fromkeys(addresses, host))
        return [
            ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=0)
            for address in addresses
        ]

    def open_socket(self, info: aiohttp.AddrInfoType) -> socket.socket:
        """A socket for the address that is connected to next: the last look at it."""
        family, kind, protocol, _, (address, port, *_) = info
        try:
            check_address(ip_address(address), port, self._limits, host=self._trusted.get(address, ""))
        except AddressRefused as error:
            raise PermissionError(errno.EACCES, error.detail) from error
        return socket.socket(family, kind, protocol)

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def _end_with_connection(response: aiohttp.ClientResponse) -> None:
    """Wake the reader when the connection is given up.

    aiohttp 3.14 closes it where the chunks turn out to be broken, and tells everybody but the one who waits
    for the next of them: he would wait until his time is up.
    """
    protocol = response.connection and response.connection.protocol
    if protocol is None or protocol.closed is None:
        return

    def wake(closed: Future[None]) -> None:
        if not closed.cancelled():
            closed.exception()  # seen, so that asyncio does not report it
        if isinstance(protocol.exception(), HttpProcessingError):
            response.content.set_exception(aiohttp.ClientPayloadError("broken chunks"))

    protocol.closed.add_done_callback(wake)


def _user_agent(version: str, contact: str) -> str:
    words = " ".join(contact.split())
    return f"Lire-aussi/{version} (+{words})" if words else f"Lire-aussi/{version}"


def _bad_status(journey: Journey, response: aiohttp.ClientResponse) -> BadStatus:
    status = response.status
    kind = Gone if status == HTTPStatus.GONE else BadStatus
    error = journey.failure(kind, f"the server answered {_status_words(status)}")
    error.status = status
    if status == HTTPStatus.NOT_MODIFIED:  # we had asked for the document, whatever its age
        error.because("unasked-304")
    else:
        error.because("status", status=status)
    error.retry_after_seconds = read_retry_after(response.headers.get("Retry-After", ""), datetime.now(UTC))
    return error


def _status_words(status: int) -> str:
    try:
        return f"{status} ({HTTPStatus(status).phrase})"
    except ValueError:
        return str(status)


def _validators(response: aiohttp.ClientResponse) -> Validators:
    return read_validators(response.headers.get("ETag"), response.headers.get("Last-Modified"))


def _max_age(response: aiohttp.ClientResponse) -> timedelta | None:
    return read_max_age(", ".join(response.headers.getall("Cache-Control", ())))


def _push_links(response: aiohttp.ClientResponse) -> dict[str, str | None]:
    """What the Link header says of WebSub (w3.org/TR/websub, 4)."""
    hub, topic = response.links.get("hub"), response.links.get("self")
    if not hub:
        return {"hub_url": None, "topic_url": None}
    return {"hub_url": str(hub["url"]), "topic_url": str(topic["url"]) if topic else None}


def _content_type(response: aiohttp.ClientResponse) -> str:
    text = response.headers.get("Content-Type", "")[:_MAX_CONTENT_TYPE_LENGTH]
    return text.encode("ascii", "replace").decode("ascii")


def _explain(error: aiohttp.ClientError | OSError, limits: FetchLimits) -> Trouble:
    """What happened, for a person who does not know what a socket is."""
    match error:
        case aiohttp.ConnectionTimeoutError():
            return _slow("connection", limits.connect_timeout)
        case TimeoutError():
            return _slow("answer", limits.timeout)
        case aiohttp.ClientConnectorDNSError(os_error=cause):
            later = isinstance(cause, socket.gaierror) and cause.errno == socket.EAI_AGAIN
            words = "could not be looked up just now" if later else "was not found"
            return _trouble("dns", f"the name {error.host} {words} (DNS)", name=error.host)
        case aiohttp.ClientConnectorCertificateError(certificate_error=cause):
            return explain_certificate(cause)
        case aiohttp.ClientConnectorSSLError(os_error=cause):
            return explain_handshake(cause)
        case aiohttp.ServerDisconnectedError():
            return _trouble("closed", "the server closed the connection before it answered")
        case aiohttp.ClientPayloadError():
            return _trouble("damaged", "the answer broke off or is damaged")
        case aiohttp.ClientResponseError():
            return _trouble("not-http", "the answer is not proper HTTP")
        case aiohttp.ClientConnectorError(os_error=ConnectionResetError()):
            return _trouble("closed", "the server closed the connection before it answered")
        case OSError(errno=errno.EACCES):  # from the guard
            return _trouble("", str(error.strerror))
        case OSError(errno=int(number)) if number in _REASONS:
            return _trouble(*_REASONS[number])
    return _trouble("", "the connection failed")


def _slow(what: str, limit: timedelta) -> Trouble:
    seconds = f"{limit.total_seconds():g}"
    return _trouble("slow", f"no {what} within {seconds} s", seconds=seconds)


def _trouble(code: str, detail: str, **facts: str) -> Trouble:
    return Trouble(reason_of(code, **facts), detail, Unreachable.advice)
