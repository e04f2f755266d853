"""Documents that mean harm, made anew each time: they are small to say and large to read.

Each has stopped, blown up or deceived some reader of feeds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_HEAD = b'<?xml version="1.0"?>'
_LAUGHS = "".join(f'<!ENTITY lol{n} "{f"&lol{n - 1 or str()};" * 10}">' for n in range(1, 10))
_LAUGHING = (
    f'<!DOCTYPE lolz [<!ENTITY lol "lol">{_LAUGHS}]><rss version="2.0"><channel><title>t</title>'
    "<item><title>&lol9;</title><description>&lol9;</description></item></channel></rss>"
)


def _rss(item: bytes, doctype: bytes = b"") -> bytes:
    channel = b'<rss version="2.0"><channel><title>t</title><item><title>x</title>%s</item></channel></rss>'
    return _HEAD + doctype + channel % item


def _described(html: bytes) -> bytes:
    escaped = html.replace(b"&", b"&amp;").replace(b"<", b"&lt;").replace(b">", b"&gt;")
    return _rss(b"<description>" + escaped + b"</description>")


def _atom(entry: bytes, attributes: bytes = b"") -> bytes:
    return b'<feed xmlns="http://www.w3.org/2005/Atom"%s><entry><id>1</id>%s</entry></feed>' % (
        attributes,
        entry,
    )


def _nested(depth: int) -> bytes:
    return _rss(b"<description>%s</description>" % (b"<a>" * depth + b"</a>" * depth))


def _opml(body: bytes, doctype: bytes = b"") -> bytes:
    return _HEAD + doctype + b'<opml version="2.0"><body>' + body + b"</body></opml>"


def _many(pattern: bytes, count: int) -> bytes:
    return b" ".join(pattern % number for number in range(count))


def _external(what: bytes, used: bytes = b"&x;") -> bytes:
    return _rss(b"<description>%s</description>" % used, b"<!DOCTYPE x [%s]>" % what)


FEEDS: Mapping[str, Callable[[], bytes]] = {
    "attributes": lambda: _described(b"<a " + _many(b'a%d="x"', 100_000) + b">"),
    "author": lambda: _rss(b"<author>" + b"a." * 100_000 + b"</author>"),
    "author-letters": lambda: _rss(b"<author>" + b"a" * 60_000 + b"</author>"),
    "base64": lambda: _atom(b'<content type="text/html" mode="base64">!!!not base64!!!</content>'),
    "billion-laughs": lambda: _HEAD + _LAUGHING.encode(),
    "billion-laughs-cp037": lambda: ('<?xml version="1.0" encoding="cp037"?>' + _LAUGHING).encode("cp037"),
    "billion-laughs-utf-16": lambda: ('<?xml version="1.0" encoding="utf-16"?>' + _LAUGHING).encode("utf-16"),
    "billion-laughs-utf-7": lambda: b'<?xml version="1.0" encoding="utf-7"?>' + _LAUGHING.encode(),
    "mark-alone": lambda: b"\xef\xbb\xbf",
    "charset-lies": lambda: b'<?xml version="1.0" encoding="utf-8"?>' + _rss(b"<title>caf\xe9</title>")[21:],
    "date-words": lambda: _rss(b"<pubDate>" + b"Mon, " * 50_000 + b"</pubDate>"),
    "date-digits": lambda: _rss(b"<pubDate>" + b"1" * 200_000 + b"</pubDate>"),
    "date-colons": lambda: _rss(b"<pubDate>2023-01-01T" + b"0:" * 50_000 + b"</pubDate>"),
    "deep-html-1,000": lambda: _described(b"<div>" * 1_000 + b"</div>" * 1_000),
    "deep-html-10,000": lambda: _described(b"<div>" * 10_000 + b"</div>" * 10_000),
    "deep-html-100,000": lambda: _described(b"<div>" * 100_000 + b"</div>" * 100_000),
    "deep-html-not-closed": lambda: _described(b"<div" * 100_000),
    "deep-xhtml": lambda: _atom(
        b'<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">%s</div></content>'
        % (b"<div>" * 10_000 + b"</div>" * 10_000)
    ),
    "deep-xml-1,000": lambda: _rss(b"<description>%s</description>" % (b"<a>" * 1_000 + b"</a>" * 1_000)),
    "deep-xml-10,000": lambda: _rss(b"<description>%s</description>" % (b"<a>" * 10_000 + b"</a>" * 10_000)),
    "deep-xml-100,000": lambda: _rss(
        b"<description>%s</description>" % (b"<a>" * 100_000 + b"</a>" * 100_000)
    ),
    "doctype-large": lambda: _rss(b"", b"<!DOCTYPE rss [" + b'<!ENTITY a "b">' * 300_000 + b"]>"),
    "doctype-open": lambda: _rss(b"", b"<!DOCTYPE " + b"<!" * 200_000),
    "empty": lambda: b"",
    "entity-blanks": lambda: _rss(b"", b"<!ENTITY" + b" " * 200_000),
    "huge-numbers": lambda: _rss(
        b"<ttl>%s</ttl><itunes:episode>%s</itunes:episode>" % (b"9" * 10_000, b"9" * 10_000)
    ),
    "cdata-open": lambda: _described(b"<![CDATA[" * 100_000),
    "comments-open": lambda: _described(b"<!--" * 100_000),
    "less-than": lambda: _described(b"<" * 300_000),
    "less-than-bang": lambda: _described(b"<!" * 100_000),
    "namespaces": lambda: (
        b'<rss version="2.0" %s><channel><title>x</title><item><title>y</title></item>'
        b"</channel></rss>" % b" ".join(b'xmlns:n%d="http://e/%d"' % (n, n) for n in range(50_000))
    ),
    "nul": lambda: _rss(b"<title>a\0b</title>"),
    "quadratic": lambda: _rss(
        b"<title>%s</title>" % (b"&a;" * 20_000), b'<!DOCTYPE x [<!ENTITY a "%s">]>' % (b"A" * 100_000)
    ),
    "style-large": lambda: _described(b'<p style="%s">x</p>' % (b"color:red;" * 200_000)),
    "style-quotes": lambda: _described(b'<p style="a:\'%s">x</p>' % (b"a " * 50_000)),
    "utf-32": lambda: _rss(b"").decode().encode("utf-32"),
    "xinclude": lambda: _rss(
        b'<description><xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd" '
        b'parse="text"/></description>'
    ),
    "bad-base": lambda: _atom(b'<link href="http://[::"/><title>x</title>', b' xml:base="http://[::1"'),
    "external-dtd": lambda: _rss(b"", b'<!DOCTYPE rss SYSTEM "http://127.0.0.1:9/evil.dtd">'),
    "external-file": lambda: _external(b'<!ENTITY x SYSTEM "file:///etc/passwd">'),
    "external-http": lambda: _external(b'<!ENTITY x SYSTEM "http://127.0.0.1:9/x">'),
    "external-parameter": lambda: _external(b'<!ENTITY % d SYSTEM "http://127.0.0.1:9/p"> %d;', b"&send;"),
    "external-utf-16": lambda: (
        _external(b'<!ENTITY x SYSTEM "file:///etc/passwd">').decode().encode("utf-16")
    ),
}

OPML: Mapping[str, Callable[[], bytes]] = {
    "opml-attributes": lambda: _opml(b'<outline xmlUrl="http://e/x" ' + _many(b'a%d="1"', 200_000) + b"/>"),
    "opml-billion-laughs": lambda: _opml(
        b'<outline text="&lol9;" xmlUrl="http://e/x"/>', _LAUGHING.partition("<rss")[0].encode()
    ),
    "opml-deep": lambda: _opml(b'<outline text="a">' * 100_000 + b"</outline>" * 100_000),
    "opml-external-dtd": lambda: _opml(
        b'<outline text="a" xmlUrl="http://e/x"/>', b'<!DOCTYPE opml SYSTEM "http://127.0.0.1:9/opml.dtd">'
    ),
    "opml-quadratic": lambda: _opml(
        b'<outline text="%s" xmlUrl="http://e/x"/>' % (b"&a;" * 2_000),
        b'<!DOCTYPE opml [<!ENTITY a "%s">]>' % (b"A" * 100_000),
    ),
    "opml-external-file": lambda: _opml(
        b'<outline text="a" xmlUrl="http://e/x">&x;</outline>',
        b'<!DOCTYPE opml [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
    ),
}
