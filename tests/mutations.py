"""Damaged documents, each from a seed, so that a fault can be made again.

    mutated(document, others, seed)

Bytes flip, parts are cut, repeated, nested or taken from another document, encodings are declared that are
not there, entities and attributes play tricks: several of these at once. The size stays below `MOST_BYTES`.
"""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MOST_BYTES = 200_000

_TAG = re.compile(rb"<[^<>]{0,200}>")
_ENCODINGS = (
    "utf-16",
    "utf-16-be",
    "utf-32",
    "cp037",
    "shift_jis",
    "iso-2022-jp",
    "utf-7",
    "cp1252",
    "koi8-r",
)
_NAMES = (
    b"utf-8",
    b"utf-16",
    b"us-ascii",
    b"windows-1251",
    b"utf-7",
    b"cp037",
    b"idna",
    b"base64",
    b"rot13",
    b"x",
)
_TRICKS = (
    b"&lol;",
    b"&#0;",
    b"&#xD800;",
    b"&#x110000;",
    b"&#99999999999999999999;",
    b"&amp;amp;lt;",
    b"&",
    b"<![CDATA[",
    b"]]>",
    b"<!--",
    b"-->",
    b"<?xml version='1.0' encoding='utf-16'?>",
    b"<!DOCTYPE x [<!ENTITY lol 'lol'><!ENTITY ll '&lol;&lol;'>]>",
    b"<!ENTITY % p SYSTEM 'file:///etc/passwd'>",
    b"<item>",
    b"</item>",
    b"<entry><id>",
    b"</channel></rss>",
    b"<x:item xmlns:x=''>",
    b"\x00",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\xed\xa0\x80",
    b"\x1b$B",
    b'<outline xmlUrl="',
    b"<outline text='a' xmlUrl='javascript:x'>",
    b"<pubDate>0000-99-99T99:99:99+99:99</pubDate>",
    b"<pubDate>Mon, 31 Feb 99999999999 25:61:61 +9999</pubDate>",
    b"<ttl>-1e999</ttl>",
    b"<author>a@b.c (d) &lt;e@f.g&gt;</author>",
    b"<link href='http://[::1' rel=''/>",
    b"<enclosure url='' length='-9999999999999999999999' type='/'/>",
    b"<media:group><media:content duration='x' fileSize='NaN'/>",
    b"<content type='text/html' mode='base64'>!!!=</content>",
    b"<content type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'><p/></content>",
    b"<georss:point>1 2 x</georss:point>",
    b"<gml:posList>1</gml:posList>",
    b"<itunes:duration>::9:</itunes:duration>",
    b"<source><title>",
    b"<textinput><name>",
)
_ATTRIBUTES = (
    b" xml:base='http://[bad'",
    b" xml:lang=''",
    b" type='application/xhtml+xml'",
    b" type='image/svg+xml' mode='base64'",
    b" xmlns=''",
    b" xmlns:x='http://purl.org/rss/1.0/'",
    b" href='//\\x:99999999/'",
    b" a='1' a='2'",
    b" xmlUrl='feed:http://e/'",
    b" isPermaLink='\xc3\x28'",
    b' b="&lt;&quot;',
)


def mutated(document: bytes, others: Sequence[bytes], seed: int) -> bytes:
    """The document, damaged one to five times; the same for the same arguments."""
    chance = random.Random(seed)
    body = document[:MOST_BYTES]
    for _ in range(chance.choice((1, 1, 2, 2, 3, 5))):
        body = chance.choice(_WAYS)(body, others, chance)[:MOST_BYTES]
    return body


def _flip(body: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    flipped = bytearray(body)
    for _flip in range(chance.randint(1, 20)):
        if flipped:
            flipped[chance.randrange(len(flipped))] = chance.randrange(256)
    return bytes(flipped)


def _span(body: bytes, chance: random.Random, longest: int = 5_000) -> tuple[int, int]:
    start = chance.randint(0, len(body))
    return start, min(len(body), start + chance.randint(0, longest))


def _cut(body: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    start, end = _span(body, chance)
    return body[:start] + body[end:]


def _break_off(body: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    return body[: chance.randint(0, len(body))]


def _splice(body: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    other = chance.choice(others)
    start, end = _span(other, chance)
    place = chance.randint(0, len(body))
    return body[:place] + other[start:end] + body[place:]


def _repeat(body: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    start, end = _span(body, chance, 200)
    return body[:end] + body[start:end] * chance.choice((1, 2, 10, 100, 1_000)) + body[end:]


def _tags(body: bytes) -> list[re.Match[bytes]]:
    return list(_TAG.finditer(body))


def _nest(body: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    """A tag is opened many times over, sometimes closed as often."""
    tags = _tags(body)
    if not tags:
        return body
    tag, times = chance.choice(tags), chance.choice((2, 20, 300, 3_000))
    name = tag[0].strip(b"</>").split(b" ")[0]
    closed = b"</%s>" % name if chance.random() < 0.5 else b""
    return body[: tag.start()] + tag[0] * times + closed * times + body[tag.end() :]


def _swap_tags(body: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    tags = _tags(body)
    if len(tags) < 2:
        return body
    one, two = sorted(chance.sample(tags, 2), key=lambda tag: tag.start())
    return body[: one.start()] + two[0] + body[one.end() : two.start()] + one[0] + body[two.end() :]


def _trick(body: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    trick = chance.choice(_TRICKS) * chance.choice((1, 1, 1, 50, 2_000))
    tags = _tags(body)
    place = chance.choice(tags).end() if tags else chance.randint(0, len(body))
    return body[:place] + trick + body[place:]


def _attribute(body: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    tags = _tags(body)
    if not tags:
        return body
    end = chance.choice(tags).end() - 1
    return body[:end] + chance.choice(_ATTRIBUTES) * chance.choice((1, 1, 1, 500)) + body[end:]


def _encode(body: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    return body.decode("utf-8", "replace").encode(chance.choice(_ENCODINGS), "replace")


def _declare(body: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    return b"<?xml version='1.0' encoding='%s'?>" % chance.choice(_NAMES) + body


def _lengthen(body: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    """One text becomes very long."""
    tags = _tags(body)
    if not tags:
        return body
    place = chance.choice(tags).end()
    letter = chance.choice((b"a", b"1", b" ", b".", b"a.", b"&lt;", b"<", b"-", b"@", b"(", b"Mon, ", b"/"))
    return body[:place] + letter * chance.choice((100, 5_000, 50_000)) + body[place:]


_WAYS: tuple[Callable[[bytes, Sequence[bytes], random.Random], bytes], ...] = (
    _flip,
    _cut,
    _break_off,
    _splice,
    _repeat,
    _nest,
    _swap_tags,
    _trick,
    _attribute,
    _encode,
    _declare,
    _lengthen,
)
