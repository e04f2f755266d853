"""An HTML page -> the feeds it announces (the "autodiscovery" links of the HTML standard, 4.6.7.1).

Promises the page's order, absolute http(s) addresses, each once, feeds of comments last: the first one is
what a reader most likely wants. Reads the first 512 kB and nothing after the last `<link>` or `<base>`.
Refuses to guess: no `<a>` is followed, no usual path is tried.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urldefrag, urljoin, urlsplit

from aggregator.feeds.charsets import decode

_MAX_BYTES = 512 * 1024
_SNIFFED_BYTES = 4096
_MAX_TAG_CHARS = 4096

_FEED_TYPES = frozenset(
    {
        "application/rss+xml",
        "application/atom+xml",
        "application/rdf+xml",
        "application/feed+json",
        "application/x-rss+xml",
        "application/x-atom+xml",
        "application/xml",
        "text/xml",
        "text/rss",
    }
)
_META_CHARSET = re.compile(rb"<meta\b[^>]{0,200}?\bcharset\s*=\s*[\"']?([\w.:-]{1,40})", re.IGNORECASE)
_LINK = re.compile(r"<(?:link|base)\b", re.IGNORECASE)
_COMMENTS = re.compile(r"\b(?:comments?|commentaires?)\b", re.IGNORECASE)

# The first element of a document, and whether a doctype names it. Possessive: no backtracking.
_ROOT = re.compile(r"(?is)(?:[\s\ufeff]++|<\?(?>.*?>)|<!--(?>.*?-->))*+<(?:!doctype\s+)?([a-z][\w:]*)")
_HTML_ROOTS = frozenset({"html", "head", "body", "title", "meta"})
_OTHER_ROOTS = frozenset({"rss", "feed", "rdf:rdf", "opml", "svg"})


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFeed:
    url: str
    title: str
    """Empty where the page gives none."""


def find_feeds(body: bytes, *, url: str, content_type: str) -> tuple[FoundFeed, ...]:
    """The feeds that the page at `url` announces; `()` where it announces none or is no page."""
    page = _Page()
    page.feed(_through_last_link(_text(body[:_MAX_BYTES], content_type)))
    itself = _absolute("", url)
    base = _absolute(page.base, url) or url
    feeds: dict[str, FoundFeed] = {}
    for link in page.links:
        address = _absolute(link.get("href", ""), base)
        if address not in ("", itself) and _is_feed(link, address):
            feeds.setdefault(address, FoundFeed(url=address, title=" ".join(link.get("title", "").split())))
    return tuple(sorted(feeds.values(), key=_is_of_comments))


def looks_like_html(body: bytes, content_type: str) -> bool:
    """Is it a page? The first element decides, since feeds are served as text/html; then the header."""
    root = _ROOT.match(_text(body[:_SNIFFED_BYTES], content_type))
    name = root[1].lower() if root else ""
    if name in _HTML_ROOTS:
        return True
    return name not in _OTHER_ROOTS and _media_type(content_type) in ("text/html", "application/xhtml+xml")


class _Page(HTMLParser):
    """Collects the `<link>`s that have an address, and the first `<base href>`."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.base = ""
        self.links: list[dict[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in reversed(attrs)}  # HTML keeps the first of a name
        if tag == "link" and attributes.get("href", "").strip():
            self.links.append(attributes)
        elif tag == "base" and not self.base:
            self.base = attributes.get("href", "").strip()

    def parse_marked_section(self, i: int, report: bool = True) -> int:
        """`<![…` is a comment to browsers (HTML standard, 13.2.5.42); the inherited method may raise."""
        return self.parse_bogus_comment(i, report)


def _text(body: bytes, content_type: str) -> str:
    """What the server says of the charset comes before what the page says (HTML standard, 13.2.3.2)."""
    meta = _META_CHARSET.search(body[:_SNIFFED_BYTES])
    if meta and "charset" not in content_type.lower():
        return decode(body, f"text/html; charset={meta[1].decode('ascii')}")
    return decode(body, content_type)


def _through_last_link(html: str) -> str:
    ends = (found.start() + _MAX_TAG_CHARS for found in _LINK.finditer(html))
    return html[: max(ends, default=0)]


def _absolute(href: str, base: str) -> str:
    """Without its fragment; empty where it is no http(s) address."""
    try:
        url = urldefrag(urljoin(base, href.strip())).url
        parts = urlsplit(url)
    except ValueError:  # "http://[" and the like
        return ""
    return url if parts.scheme in ("http", "https") and parts.hostname else ""


def _is_feed(link: dict[str, str], address: str) -> bool:
    relations = link.get("rel", "").lower().split()
    if "alternate" not in relations or "stylesheet" in relations:
        return False
    kind = _media_type(link.get("type", ""))
    # JSON Feed 1.0 was announced as plain JSON; so are the records of WordPress, which are no feeds.
    is_json_feed = kind == "application/json" and "feed" in f"{address} {link.get('title', '')}".lower()
    return kind in _FEED_TYPES or is_json_feed


def _media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _is_of_comments(feed: FoundFeed) -> bool:
    return bool(_COMMENTS.search(feed.title) or _COMMENTS.search(feed.url))
