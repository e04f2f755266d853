"""Which network addresses may be fetched: the guard against requests forged by a feed (SSRF).

Promises: `normalize_url` gives one spelling for one address; `check_url` judges what a URL says, before any
look-up; `check_address` judges the number that is about to be connected to. Only public addresses on the
allowed ports pass, and what the operator wrote in `fetch.allowed_networks`.
Refuses: to look a name up, to connect, and to guess: what is not plainly a web address is refused.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import TYPE_CHECKING, NamedTuple, NoReturn
from urllib.parse import quote, urlsplit

import idna

from aggregator.errors import AddressRefused, reason_of

if TYPE_CHECKING:
    from aggregator.policies import FetchLimits

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_DEFAULT_PORTS = {"http": 80, "https": 443}
LONGEST_KEPT = 2_000
"""Of an address that is stored: an index of PostgreSQL takes 2,700 bytes."""
_MAX_URL_LENGTH = 8000  # what RFC 9110, 4.1 asks every recipient to support

_USER_INFO = re.compile(r"(//|\A(?=[^/?#\s]*:))[^/?#\s]*@")
_DROPPED = re.compile(r"[\t\r\n]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_NETLOC = re.compile(r"(?P<host>\[[^\[\]]*\]|[^\[\]:]*)(?::(?P<port>[0-9]{0,5}))?")
_LABEL = r"(?!-)[a-z0-9_-]{1,63}(?<!-)"  # RFC 1123, 2.1, and the underscore that some hosts do have
_NAME = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*")
# A last label that is a number makes getaddrinfo read the whole host as an IPv4 address, in any of a dozen
# notations ("0x7f.1", "2130706433"): https://url.spec.whatwg.org/#ends-in-a-number-checker
_NUMERIC = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)\.?")
_UNESCAPED = "!$%&'()*+,/:;=?@[]|"

# `ipaddress.is_global` is not used: it changes between Python versions and calls several of these global.
_SPECIAL_V4 = tuple(
    (IPv4Network(network), words)
    for network, words in (
        ("0.0.0.0/8", "a way to say this machine"),
        ("10.0.0.0/8", "in a private network"),
        ("100.64.0.0/10", "in a provider's private network"),
        ("127.0.0.0/8", "this machine itself"),
        ("168.63.129.16/32", "a cloud provider's own service"),
        ("169.254.0.0/16", "link-local (cloud metadata live there)"),
        ("172.16.0.0/12", "in a private network"),
        ("192.0.0.0/24", "reserved for protocols"),
        ("192.0.2.0/24", "reserved for documentation"),
        ("192.88.99.0/24", "a retired 6to4 relay"),
        ("192.168.0.0/16", "in a private network"),
        ("198.18.0.0/15", "reserved for benchmarks"),
        ("198.51.100.0/24", "reserved for documentation"),
        ("203.0.113.0/24", "reserved for documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
    )
)
_PUBLIC_V6 = IPv6Network("2000::/3")
_SPECIAL_V6 = tuple(
    (IPv6Network(network), words)
    for network, words in (
        ("::1/128", "this machine itself"),
        ("fc00::/7", "in a private network"),
        ("fe80::/10", "link-local"),
        ("ff00::/8", "multicast"),
        ("2001::/23", "reserved for protocols"),
        ("2001:db8::/32", "reserved for documentation"),
        ("2002::/16", "a 6to4 address, which hides another"),
        ("3fff::/20", "reserved for documentation"),
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: leads to the IPv4 address in its last 32 bits

# No setting opens these: no home server has such an address, and a name that an operator trusts may one
# day be made to point at his cloud's metadata.
_NEVER: tuple[Network, ...] = tuple(
    ip_network(network)
    for network in (
        "0.0.0.0/8",
        "100.100.100.200/32",
        "168.63.129.16/32",
        "169.254.0.0/16",
        "192.0.0.192/32",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "::/128",
        "fd00:ec2::254/128",
        "fd20:ce::254/128",
        "fe80::/10",
        "ff00::/8",
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """A web address, taken apart and made canonical. `address` is set where the host is a number."""

    scheme: str
    host: str
    address: Address | None
    port: int
    path: str
    """With the query."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Allowed:
    """`fetch.allowed_networks`, read."""

    networks: tuple[Network, ...]
    names: frozenset[str]

    def holds(self, address: Address) -> bool:
        return any(address in network for network in self.networks)


def normalize_url(url: str) -> str:
    """The one spelling of a web address; raise `AddressRefused` for what is none.

    Idempotent. Scheme and host in lower case, the host in ASCII (IDNA 2008), no default port, no fragment, a
    path that is at least "/", and nothing in it that HTTP could not carry. `feed:` addresses become web ones.
    """
    parts = _parse(url)
    host = f"[{parts.host}]" if ":" in parts.host else parts.host
    port = "" if parts.port == _DEFAULT_PORTS[parts.scheme] else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}{parts.path}"


def as_browsers_read(link: str) -> str:
    """A link of a document without what browsers drop (url.spec.whatwg.org, 4.4), and obey the rest."""
    return _DROPPED.sub("", link.strip())


def check_url(url: str, limits: FetchLimits) -> None:
    """Raise `AddressRefused` where the URL alone shows that it must not be fetched.

    A name is not looked up here: its addresses are judged one by one, by `check_address`.
    """
    parts = _parse(url)
    if parts.address is not None:
        refusal = _refusal(parts.address, parts.port, limits, host=parts.host)
    elif parts.port in limits.allowed_ports:
        refusal = None
    else:
        allowed = _read_allowed(limits.allowed_networks)
        may_pass = parts.host in allowed.names or bool(allowed.networks)
        refusal = None if may_pass else _port_refusal(parts.port, parts.host)
    if refusal:
        raise AddressRefused(url, refusal.detail, advice=refusal.advice).because(refusal.reason)


def check_address(address: Address, port: int, limits: FetchLimits, *, host: str) -> None:
    """Raise `AddressRefused` for an address that must not be connected to; `host` is the name that led to it.

    A public address passes on the allowed ports. One in an allowed network passes on any port, and so does
    any address of a host that is allowed by name. Never, whatever is allowed: 0.0.0.0/8, link-local
    addresses and the other places of cloud metadata, multicast, broadcast.
    """
    refusal = _refusal(address, port, limits, host=host)
    if refusal:
        subject = host or str(address)
        raise AddressRefused(subject, refusal.detail, advice=refusal.advice).because(refusal.reason)


def allowed_names(limits: FetchLimits) -> frozenset[str]:
    """The hosts that the operator allowed by name."""
    return _read_allowed(limits.allowed_networks).names


def check_allowed(entry: str) -> None:
    """Raise `ValueError` for what cannot stand in `fetch.allowed_networks`."""
    text = entry.strip()
    with suppress(ValueError):
        ip_network(text, strict=False)
        return
    with suppress(ValueError):
        name = _ascii(text).removesuffix(".")
        if _NAME.fullmatch(name) and not _NUMERIC.fullmatch(name):
            return
    raise ValueError(f"{entry!r} is neither a network (192.168.1.0/24) nor the name of a host (nas.local)")


class _Refusal(NamedTuple):
    reason: str
    detail: str
    advice: str = ""


def _refusal(address: Address, port: int, limits: FetchLimits, *, host: str) -> _Refusal | None:
    """Why not, and what to do about it; None for an address that may be connected to."""
    target = _embedded(address)
    not_public = reason_of("not-public", address=address)
    if any(target in network for network in _NEVER):
        return _Refusal(not_public, f"{address} is {_special(target)}")
    allowed = _read_allowed(limits.allowed_networks)
    if host in allowed.names or allowed.holds(target):
        return None
    if words := _special(target):
        advice = f'To fetch from it, add "{host or address}" to fetch.allowed_networks'
        return _Refusal(not_public, f"{address} is {words}", advice)
    return None if port in limits.allowed_ports else _port_refusal(port, host or str(address))


def _port_refusal(port: int, host: str) -> _Refusal:
    return _Refusal(
        reason_of("port", port=port),
        f"port {port} is not one that feeds are fetched from",
        f'To fetch from it, add {port} to fetch.allowed_ports or "{host}" to fetch.allowed_networks',
    )


def _embedded(address: Address) -> Address:
    """The IPv4 address that an IPv6 one leads to, where it is only another way to write it."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return IPv4Address(int(address) & 0xFFFF_FFFF) if address in _NAT64 else address


def _special(address: Address) -> str:
    """What an address is that is not public; empty for a public one."""
    special = _SPECIAL_V4 if isinstance(address, IPv4Address) else _SPECIAL_V6
    for network, words in special:
        if address in network:
            return words
    public = isinstance(address, IPv4Address) or address in _PUBLIC_V6
    return "" if public else "not on the public Internet"


def _read_allowed(entries: tuple[str, ...]) -> _Allowed:
    networks: list[Network] = []
    names: set[str] = set()
    for entry in entries:
        try:
            networks.append(ip_network(entry.strip(), strict=False))
        except ValueError:
            with suppress(ValueError):  # neither a network nor a name: it allows nothing
                names.add(_ascii(entry.strip()).removesuffix("."))
    return _Allowed(networks=tuple(networks), names=frozenset(names))


def _parse(url: str) -> _Parts:
    text = _web_address(url.strip())
    if len(text) > _MAX_URL_LENGTH:
        _refuse(url[:100] + "…", f"it is longer than {_MAX_URL_LENGTH:,} characters", "too-long")
    if _CONTROL.search(text):  # before urlsplit, which silently drops some of them
        _refuse(url, "it holds a line break or another control character", "has-control")
    try:
        split = urlsplit(text)
        path = quote(split.path or "/", _UNESCAPED, errors="surrogateescape")
        query = quote(split.query, _UNESCAPED, errors="surrogateescape")
    except ValueError:
        _refuse(url, "it is not a proper address", "bad-address")
    if split.scheme not in _DEFAULT_PORTS:
        _refuse(url, "it does not begin with http:// or https://", "no-scheme")
    host, port = _host_and_port(split.netloc, url)
    name, address = _canonical_host(host, url)
    return _Parts(
        scheme=split.scheme,
        host=name,
        address=address,
        port=port or _DEFAULT_PORTS[split.scheme],
        path=f"{path}?{query}" if query else path,
    )


def _web_address(text: str) -> str:
    """`feed://host/…` and `feed:https://host/…`, which some sites still offer, as web addresses."""
    if text[:5].lower() != "feed:":
        return text
    rest = text[5:]
    return f"http:{rest}" if rest.startswith("//") else rest


def _host_and_port(netloc: str, url: str) -> tuple[str, int | None]:
    if not netloc:
        _refuse(url, "it names no host", "no-host")
    if "@" in netloc:  # and the error must not repeat the password
        _refuse(
            url.replace(netloc.rpartition("@")[0], "…"), "it holds a user name or password", "has-password"
        )
    match = _NETLOC.fullmatch(netloc)
    if match is None:
        _refuse(url, "its host or port is not proper", "bad-host")
    port = match["port"]
    if port and not 0 < int(port) < 65536:
        _refuse(url, f"there is no port {port}", reason_of("no-port", port=port))
    return match["host"], int(port) if port else None


def _canonical_host(host: str, url: str) -> tuple[str, Address | None]:
    try:
        if host.startswith("["):
            return _literal(IPv6Address(host[1:-1]))
        name = _ascii(host)
        if _NUMERIC.fullmatch(name):
            return _literal(IPv4Address(name))
    except ValueError:  # idna's errors are ValueErrors too
        _refuse(url, "its host is not a proper name or number", "bad-host")
    name = name.removesuffix(".")
    if not _NAME.fullmatch(name):
        _refuse(url, "its host is not a proper name", "bad-host")
    return name, None


def _ascii(host: str) -> str:
    # An ASCII name is taken as it is: IDNA refuses underscores and "r3---sn.example", which are in use.
    return host.lower() if host.isascii() else idna.encode(host, uts46=True).decode("ascii")


def _literal(address: Address) -> tuple[str, Address]:
    if isinstance(address, IPv6Address) and address.scope_id is not None:
        raise ValueError("an address of one network card only")
    return str(address), address


def without_password(text: str) -> str:
    """An address, or a name that may be one, as it may be shown: a user name and password in it may not."""
    return _USER_INFO.sub(r"\1…@", text, count=1)


def _refuse(url: str, detail: str, reason: str) -> NoReturn:
    raise AddressRefused(url, detail).because(reason)
