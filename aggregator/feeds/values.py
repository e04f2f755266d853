"""Single values of a document: addresses, lines, bodies, as every format of feed gives them.

Promises: addresses are absolute and http(s); lines are plain text without breaks; nothing holds a character
that a database refuses (NUL, lone surrogates).
"""

from __future__ import annotations

import re
from html import unescape
from typing import Literal
from urllib.parse import urljoin, urlsplit

from aggregator.feeds.addresses import LONGEST_KEPT, as_browsers_read
from aggregator.feeds.plaintext import paragraphs, to_text

Kind = Literal["html", "text", "guess"]
"""How a text is meant: as HTML, as the characters it has, or as its feed does not say."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_FORBIDDEN_IN_HOSTS = re.compile(r"[\x00-\x20\"#<>\\^`{|}\x7f]|%20")
_REFERENCE = re.compile(r"&(?:\w{2,31}|#\d{1,7}|#[xX][0-9a-fA-F]{1,6});", re.ASCII)
_KNOWN_TAG = re.compile(
    r"</?(?:a|abbr|b|big|blockquote|br|cite|code|div|em|font|h[1-6]|hr|i|img|li|ol|p|pre|q|s|small|span|strike"
    r"|strong|sub|sup|table|tt|u|ul)(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
_MAX_LINE_CHARS = 1_000


def web_address(link: str, base: str) -> str | None:
    """`link` made absolute, where it is an http(s) address with a host, of bearable length; else None."""
    link = as_browsers_read(storable(link))
    if not link:
        return None
    try:
        address = (link if _SCHEME.match(link) else urljoin(base, link)).replace(" ", "%20")
        parts = urlsplit(address)
        is_web = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is none, half an IPv6 address
        return None
    is_proper = is_web and not _FORBIDDEN_IN_HOSTS.search(parts.netloc)
    return address if is_proper and len(address.encode()) <= LONGEST_KEPT else None


def one_line(text: str, kind: Kind) -> str:
    """Plain text in one line: "AT&amp;T" is AT&T, "a < b" stays, <b> goes where it is not meant literally."""
    text = storable(text)
    if kind == "html" or (kind == "guess" and _KNOWN_TAG.search(text)):
        text = to_text(text)
    elif "&" in text:
        # Publishers escape twice. Only references with their semicolon: "R&notes" is no "R¬es".
        text = _REFERENCE.sub(lambda found: unescape(found[0]), text)
    line = _CONTROL.sub("", " ".join(text.split()))
    return line if len(line) <= _MAX_LINE_CHARS else f"{line[:_MAX_LINE_CHARS]}…"


def as_html(text: str, kind: Kind) -> str:
    """Untrusted HTML for a body."""
    if kind == "html" or (kind == "guess" and (_KNOWN_TAG.search(text) or _REFERENCE.search(text))):
        return text
    return paragraphs(text)


def storable(text: str) -> str:
    """Without what PostgreSQL (NUL) or UTF-8 (lone surrogates) cannot hold."""
    return text.replace("\0", "").encode("utf-8", "ignore").decode()
