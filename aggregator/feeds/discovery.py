"""An HTML page -> the feeds it announces ("autodiscovery": HTML standard, 4.6.7.1), or links to.

Promises the page's order, absolute http(s) addresses, each once, feeds of comments last: the first one is
what a reader most likely wants. Reads the first 512 kB, for announcements nothing after the last `<link>` or
`<base>`. What is announced is told apart from what an `<a>` only seems to lead to. Fetches nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import urldefrag, urljoin, urlsplit

from aggregator.feeds.charsets import decode
from aggregator.feeds.sites import FoundFeed, feeds_of_site, feeds_of_source

if TYPE_CHECKING:
    from collections.abc import Iterable

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

_ANCHOR = re.compile(r"<a\s[^<>]{1,2000}>", re.IGNORECASE)
_ANCHOR_WORDS = re.compile(r"(?:rss|atom|feed|rdf)", re.IGNORECASE)
_MAX_ANCHORS = 200
_MAX_LINKED = 30
_MAX_NAME_CHARS = 200
_FEED_PLACE = re.compile(
    r"/(?:feeds?|rss2?|atom|rdf)(?:/|$|\.(?:xml|php|aspx|json)$)"
    r"|\.(?:rss|atom|rdf)$|/[\w-]*(?:rss|feed|atom)[\w-]*\.(?:xml|json)$"
    r"|\?(?:.*&)?(?:feed|format|alt|type)=(?:rss2?|atom|feed)\b",
    re.IGNORECASE,
)
_SAYS_FEED = re.compile(r"\b(?:rss|atom|feeds?|flux)\b", re.IGNORECASE)
# "Add to …" buttons lead to readers, not to feeds.
_READERS = re.compile(
    r"(?:^|\.)(?:feedly|inoreader|netvibes|newsblur|theoldreader|bloglovin|subtome|yahoo|google|facebook)\."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFeeds:
    """What a document says of feeds, if it is a page."""

    is_page: bool
    announced: tuple[FoundFeed, ...] = ()
    """By `<link>`, or by being a page of a site that we know."""
    linked: tuple[FoundFeed, ...] = ()
    """Addresses of its `<a>`s that look like feeds, where nothing is announced; to be tried."""


def read_page(body: bytes, *, url: str, content_type: str) -> PageFeeds:
    """All of it at once; `url` is where the document was found."""
    if not looks_like_html(body, content_type):
        return PageFeeds(is_page=False)
    known = (*feeds_of_site(url), *feeds_of_source(url, body))
    announced = merge(known, find_feeds(body, url=url, content_type=content_type))
    linked = () if announced else find_linked(body, url=url, content_type=content_type)
    return PageFeeds(is_page=True, announced=announced, linked=linked)


def merge(*found: tuple[FoundFeed, ...]) -> tuple[FoundFeed, ...]:
    """Each feed once, the first name given to it, those of comments last."""
    feeds: dict[str, FoundFeed] = {}
    for feed in (feed for some in found for feed in some):
        parts = urlsplit(feed.url)
        same = f"{parts.netloc.removeprefix('www.')}{parts.path.rstrip('/')}?{parts.query}"
        feeds.setdefault(same, feed)
    return tuple(sorted(feeds.values(), key=_is_of_comments))


def find_feeds(body: bytes, *, url: str, content_type: str) -> tuple[FoundFeed, ...]:
    """The feeds that the page at `url` announces; `()` where it announces none or is no page."""
    links = read_links(body, url=url, content_type=content_type)
    return _distinct(((link, address) for link, address in links if _is_feed(link, address)), url)


def read_links(body: bytes, *, url: str, content_type: str) -> tuple[tuple[dict[str, str], str], ...]:
    """The `<link>`s of a page that have an http(s) address: their attributes, and that address."""
    page = _read_head(page_text(body[:_MAX_BYTES], content_type))
    base = absolute(page.base, url) or url
    found = ((link, absolute(link.get("href", ""), base)) for link in page.links)
    return tuple((link, address) for link, address in found if address)


def find_base(html: str, *, url: str) -> str:
    """Where the relative addresses of the page start."""
    return absolute(_read_head(html[:_MAX_BYTES]).base, url) or url


def _read_head(html: str) -> _Page:
    page = _Page()
    page.feed(_through_last_link(html))
    return page


def find_linked(body: bytes, *, url: str, content_type: str) -> tuple[FoundFeed, ...]:
    """Where `<a>`s lead that look like feeds, named by their words; at most 30, those of comments last."""
    html = page_text(body[:_MAX_BYTES], content_type)
    page = _Page()
    for number, anchor in enumerate(_ANCHOR.finditer(html)):
        if len(page.anchors) >= _MAX_ANCHORS or number > 10 * _MAX_ANCHORS:
            break
        if _ANCHOR_WORDS.search(anchor[0]) or _SAYS_FEED.search(_words_after(html, anchor.end())):
            page.name = _words_after(html, anchor.end())
            page.feed(anchor[0])
    found = ((anchor, absolute(anchor.get("href", ""), url)) for anchor in page.anchors)
    return _distinct(((anchor, address) for anchor, address in found if _leads(anchor, address, url)), url)[
        :_MAX_LINKED
    ]


def _words_after(html: str, start: int) -> str:
    """What a person reads on a link."""
    inside = re.split(r"</a\b", html[start : start + _MAX_NAME_CHARS], maxsplit=1, flags=re.IGNORECASE)[0]
    return " ".join(unescape(re.sub(r"<[^>]*>?", " ", inside)).split())


def _leads(anchor: dict[str, str], address: str, page: str) -> bool:
    """A place like that of a feed, on this site or by its own words; no "add to" button of a reader."""
    host, own = urlsplit(address).hostname or "", urlsplit(page).hostname or ""
    if not address or _READERS.search(host) or not _FEED_PLACE.search(address):
        return False
    same_site = host.removeprefix("www.") == own.removeprefix("www.")
    return same_site or bool(_SAYS_FEED.search(anchor.get("title", "")))


def _distinct(found: Iterable[tuple[dict[str, str], str]], page: str) -> tuple[FoundFeed, ...]:
    itself = absolute("", page)
    feeds: dict[str, FoundFeed] = {}
    for link, address in found:
        if address != itself:
            feeds.setdefault(address, FoundFeed(url=address, title=" ".join(link.get("title", "").split())))
    return tuple(sorted(feeds.values(), key=_is_of_comments))


def looks_like_html(body: bytes, content_type: str) -> bool:
    """Is it a page? The first element decides, since feeds are served as text/html; then the header."""
    root = _ROOT.match(page_text(body[:_SNIFFED_BYTES], content_type))
    name = root[1].lower() if root else ""
    if name in _HTML_ROOTS:
        return True
    return name not in _OTHER_ROOTS and _media_type(content_type) in ("text/html", "application/xhtml+xml")


class _Page(HTMLParser):
    """Collects the `<link>`s and `<a>`s that have an address, and the first `<base href>`."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.base = ""
        self.links: list[dict[str, str]] = []
        self.anchors: list[dict[str, str]] = []
        self.name = ""
        """What the anchor that is fed next is called."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in reversed(attrs)}  # HTML keeps the first of a name
        if tag == "link" and attributes.get("href", "").strip():
            self.links.append(attributes)
        elif tag == "a":
            self.anchors.append(attributes | {"title": self.name or attributes.get("title", "")})
        elif tag == "base" and not self.base:
            self.base = attributes.get("href", "").strip()

    def parse_marked_section(self, i: int, report: bool = True) -> int:
        """`<![…` is a comment to browsers (HTML standard, 13.2.5.42); the inherited method may raise."""
        return self.parse_bogus_comment(i, report)


def page_text(body: bytes, content_type: str) -> str:
    """What the server says of the charset comes before what the page says (HTML standard, 13.2.3.2)."""
    meta = _META_CHARSET.search(body[:_SNIFFED_BYTES])
    if meta and "charset" not in content_type.lower():
        return decode(body, f"text/html; charset={meta[1].decode('ascii')}")
    return decode(body, content_type)


def _through_last_link(html: str) -> str:
    ends = (found.start() + _MAX_TAG_CHARS for found in _LINK.finditer(html))
    return html[: max(ends, default=0)]


def absolute(href: str, base: str) -> str:
    """An address of a page without its fragment; empty where it is no http(s) address."""
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
