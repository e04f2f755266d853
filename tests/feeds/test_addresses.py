"""What may be fetched, judged from the URL and from the number that is connected to."""

from __future__ import annotations

import json
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.errors import AddressRefused
from aggregator.feeds.addresses import check_address, check_url, normalize_url, without_password
from aggregator.policies import FetchLimits

CORPUS = Path(__file__).parents[1] / "corpus" / "ssrf" / "urls.jsonl"
PUBLIC = FetchLimits()
HOME = FetchLimits(allowed_networks=("192.168.1.0/24", "fd12::/16", "10.0.0.7", "NAS.local."))


def allows(url: str, limits: FetchLimits = PUBLIC) -> bool:
    try:
        check_url(url, limits)
    except AddressRefused:
        return False
    return True


def connects(address: str, port: int = 80, limits: FetchLimits = PUBLIC, *, host: str = "") -> bool:
    try:
        check_address(ip_address(address), port, limits, host=host)
    except AddressRefused:
        return False
    return True


@pytest.mark.parametrize(
    ("given_url", "normal"),
    [
        ("  HTTPS://Example.ORG/Feed \n", "https://example.org/Feed"),
        ("http://example.org", "http://example.org/"),
        ("http://example.org:80/a?b=c#d", "http://example.org/a?b=c"),
        ("https://example.org:443?b", "https://example.org/?b"),
        ("http://example.org:443/", "http://example.org:443/"),
        ("http://example.org:/", "http://example.org/"),
        ("http://example.org./", "http://example.org/"),
        ("http://bücher.example/é?q=é b", "http://xn--bcher-kva.example/%C3%A9?q=%C3%A9%20b"),
        ("http://BÜCHER。example/", "http://xn--bcher-kva.example/"),
        ("http://example.org/a%2Fb%c3/~x;y,z|w", "http://example.org/a%2Fb%c3/~x;y,z|w"),
        ("http://[2606:2800:0220:1:0::1]/", "http://[2606:2800:220:1::1]/"),
        ("feed://example.org/rss", "http://example.org/rss"),
        ("feed:https://example.org/rss", "https://example.org/rss"),
        ("FEED:http://example.org/rss", "http://example.org/rss"),
        ("http://my_blog.example.org/", "http://my_blog.example.org/"),
        ("http://r3---sn.example.org/", "http://r3---sn.example.org/"),
    ],
)
def test_one_spelling_for_one_address(given_url: str, normal: str) -> None:
    assert normalize_url(given_url) == normal


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "http:// or https://"),
        ("example.org/feed", "http:// or https://"),
        ("file:///etc/passwd", "http:// or https://"),
        ("feed:file:///etc/passwd", "http:// or https://"),
        ("|~/script.py", "http:// or https://"),
        ("hhttps://example.org/", "http:// or https://"),
        ("javascript:alert(1)", "http:// or https://"),
        ("http:/example.org/", "no host"),
        ("http:///feed", "no host"),
        ("http://:80/", "host"),
        ("http://example.org:99999/", "port"),
        ("http://example.org:0/", "port"),
        ("http://example.org:80:80/", "port"),
        ("http://exam ple.org/", "host"),
        ("http://exa%6dple.org/", "host"),
        ("http://-example.org/", "host"),
        ("http://example..org/", "host"),
        (f"http://{'a' * 64}.org/", "host"),
        ("http://127.1/", "host"),
        ("http://0x7f000001/", "host"),
        ("http://127.0.0.1./", "host"),
        ("http://[fe80::1%25eth0]/", "host"),
        ("http://[::1", "address"),
        ("http://example.org/\r\nX-Injected: 1", "line break"),
        ("http://example.org/\ud800", "address"),
        (f"http://example.org/{'a' * 9000}", "longer"),
    ],
)
def test_what_is_no_web_address_is_refused_with_the_reason(url: str, reason: str) -> None:
    with pytest.raises(AddressRefused) as caught:
        normalize_url(url)
    assert reason in caught.value.detail
    assert caught.value.subject[:50] == url[:50]


def test_a_password_in_an_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(AddressRefused, match="user name or password") as caught:
        normalize_url("https://me:secret@example.org/feed")
    assert "secret" not in str(caught.value)


@given(st.text())
def test_any_text_is_an_address_or_is_refused(text: str) -> None:
    for url in (text, f"http://{text}", f"https://example.org/{text}"):
        try:
            normal = normalize_url(url)
        except AddressRefused:
            continue
        assert normalize_url(normal) == normal
        assert normal.isascii()
        assert normal.isprintable()
        assert urlsplit(normal).scheme in ("http", "https")
        assert urlsplit(normal).hostname


@pytest.mark.parametrize(
    "row",
    [pytest.param(row, id=row["id"]) for row in map(json.loads, CORPUS.read_text("utf-8").splitlines())],
)
def test_corpus(row: dict[str, object]) -> None:
    """Every literal of the corpus is judged by its URL; a name passes here, for its answers to be judged."""
    url, kind = str(row["url"]), str(row["class"]).partition(":")[0]
    name_allowed = "dns" in row and kind != "bad-port"
    if name_allowed or row["expect"] == "allow":
        assert allows(url)
    elif allows(url):
        host = urlsplit(normalize_url(url)).hostname or ""
        assert kind in ("name", "parser-confusion")
        assert not host.replace(".", "").isdigit()


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.1",
        "127.0.0.1",
        "127.255.255.255",
        "168.63.129.16",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.192",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:0:127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::7f00:1",
        "100::1",
        "2001::1",
        "2001:2::1",
        "2001:20::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "3fff::1",
        "5f00::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
        "ff0e::1",
    ],
)
def test_special_addresses_are_not_connected_to(address: str) -> None:
    assert not connects(address)


@pytest.mark.parametrize(
    "address",
    [
        "1.1.1.1",
        "9.255.255.255",
        "11.0.0.0",
        "93.184.216.34",
        "100.128.0.0",
        "128.0.0.1",
        "168.63.129.17",
        "172.15.255.255",
        "172.32.0.1",
        "192.0.1.1",
        "223.255.255.255",
        "2606:2800:220:1:248:1893:25c8:1946",
        "2001:200::1",
        "2a00::1",
        "3ffe::1",
        "::ffff:1.1.1.1",
        "64:ff9b::101:101",
    ],
)
def test_public_addresses_are_connected_to(address: str) -> None:
    assert connects(address)
    assert not connects(address, 22)


@given(st.integers(0, 2**32 - 1))
def test_a_mapped_address_is_judged_as_the_one_it_leads_to(number: int) -> None:
    plain = IPv4Address(number)
    mapped = IPv6Address((0xFFFF << 32) | number)
    assert connects(str(mapped)) == connects(str(plain))


def test_home_networks_and_hosts_are_allowed_on_any_port() -> None:
    for url in (
        "http://192.168.1.5:9000/",
        "http://10.0.0.7:81/",
        "http://[fd12::1]/",
        "http://nas.local:1234/",
    ):
        assert allows(url, HOME)
        assert not allows(url)
    assert not allows("http://192.168.2.5/", HOME)
    assert connects("192.168.1.5", 9000, HOME)
    assert connects("::ffff:192.168.1.5", 9000, HOME)
    assert connects("172.16.0.9", 9000, HOME, host="nas.local")
    assert not connects("172.16.0.9", 80, HOME, host="other.local")


def test_public_addresses_keep_their_ports_when_a_network_is_allowed() -> None:
    assert allows("http://example.org:9000/", HOME)  # it may lead into the network: the look-up tells
    assert not connects("1.1.1.1", 9000, HOME, host="example.org")


def test_a_name_alone_opens_no_port_for_others() -> None:
    limits = FetchLimits(allowed_networks=("nas.local",))
    assert allows("http://nas.local:9000/", limits)
    assert not allows("http://example.org:9000/", limits)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "100.100.100.200",
        "168.63.129.16",
        "169.254.169.254",
        "192.0.0.192",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::ffff:169.254.169.254",
        "fd00:ec2::254",
        "fe80::1",
        "ff02::1",
    ],
)
def test_nothing_opens_the_metadata_of_a_cloud(address: str) -> None:
    everything = FetchLimits(allowed_networks=("0.0.0.0/0", "::/0", "nas.local"))
    assert not connects(address, 80, everything, host="nas.local")


def test_the_operators_ports_are_allowed() -> None:
    limits = FetchLimits(allowed_ports=(80, 8000))
    assert allows("http://example.org:8000/", limits)
    assert not allows("https://example.org/", limits)


def test_the_advice_names_the_setting() -> None:
    with pytest.raises(AddressRefused, match=r"fetch\.allowed_networks"):
        check_url("http://192.168.1.5/feed", PUBLIC)
    with pytest.raises(AddressRefused, match=r"fetch\.allowed_ports"):
        check_url("http://example.org:9000/", PUBLIC)


def test_an_unreadable_entry_allows_nothing() -> None:
    assert not allows("http://10.0.0.1/", FetchLimits(allowed_networks=("10.0.0.0/99", "‥")))


@pytest.mark.parametrize(
    ("given_text", "shown"),
    [
        ("https://me:secret@a.example/rss?b#c", "https://…@a.example/rss?b#c"),
        ("ftp://me@a.example/", "ftp://…@a.example/"),
        ("feed://me:s@cret@a.example/", "feed://…@a.example/"),
        ("me:secret@a.example/rss", "…@a.example/rss"),
        ("https://a.example/@user?to=me:you@b", "https://a.example/@user?to=me:you@b"),
        ("Write to: me@a.example", "Write to: me@a.example"),
        ("", ""),
    ],
)
def test_no_password_is_shown(given_text: str, shown: str) -> None:
    assert without_password(given_text) == shown
