"""Well-known sites whose feeds can be told from the address of a page, in one table; where to guess.

Promises: only addresses are computed, none is fetched; the feeds of a site come in the order of the table,
which is that of what a reader most likely wants, those of comments last. An address that is no page of the
table gives nothing; the caller has looked first whether it is a feed itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFeed:
    url: str
    title: str
    """Empty where nobody gives one."""


@dataclass(frozen=True, slots=True)
class Site:
    """A kind of page. `host` and `path` are regular expressions that match wholly; the named groups of both
    fill the braces of the feeds (a name and an address each). `www.` and a last "/" are taken off before."""

    host: str
    path: str
    feeds: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Clue:
    """What the page itself says in its source, where its address does not: the groups fill the feeds."""

    host: str
    source: re.Pattern[bytes]
    feeds: tuple[tuple[str, str], ...]


_NAME = r"[\w.~%-]+"
_NOT_OF_GITHUB = (
    "about|apps|collections|contact|customer-stories|dashboard|enterprise|events|explore|features|issues|login"
    "|marketplace|new|notifications|orgs|pricing|pulls|search|security|settings|signup|site|sponsors|topics"
    "|trending"
)
_NOT_OF_MEDIUM = "about|m|me|new-story|p|plans|search|tag"
_NOT_OF_VIMEO = (
    r"\d+|album|blog|categories|channels|features|groups|help|log_in|ondemand|search|upgrade|watch"
)
_NOT_OF_TUMBLR = "about|dashboard|docs|explore|help|login|policy|press|privacy|register|search|tagged"
_OWN_NAME = r"(?!www\.|help\.|support\.|api\.|assets\.)(?P<name>[\w-]+)"
_YOUTUBE = r"(?:m\.)?youtube\.com"
_REDDIT = r"(?:(?:old|new|np)\.)?reddit\.com"
_VIDEOS = "https://www.youtube.com/feeds/videos.xml"

SITES: tuple[Site, ...] = (
    Site(
        _YOUTUBE,
        r"/channel/(?P<id>UC[\w-]{22})(?:/.*)?",
        (("YouTube: videos", _VIDEOS + "?channel_id={id}"),),
    ),
    Site(_YOUTUBE, rf"/user/(?P<name>{_NAME})(?:/.*)?", (("YouTube: {name}", _VIDEOS + "?user={name}"),)),
    Site(
        _YOUTUBE,
        r"/(?:playlist|watch)\?(?:.*&)?list=(?P<id>(?:PL|UU|FL|OL)[\w-]+)(?:&.*)?",
        (("YouTube: playlist", _VIDEOS + "?playlist_id={id}"),),
    ),
    Site(
        _REDDIT,
        rf"/(?P<kind>r|u|user)/(?P<name>{_NAME})(?:/(?:hot|new|top|rising|submitted|overview)?)?",
        (("Reddit: {kind}/{name}", "https://www.reddit.com/{kind}/{name}/.rss"),),
    ),
    Site(
        _REDDIT,
        rf"/r/(?P<name>{_NAME})/comments/(?P<post>\w+)(?:/.*)?",
        (
            ("Reddit: r/{name}", "https://www.reddit.com/r/{name}/.rss"),
            ("Reddit: comments on this post", "https://www.reddit.com/r/{name}/comments/{post}/.rss"),
        ),
    ),
    Site(
        r"bsky\.app",
        rf"/profile/(?P<name>[\w.:-]+)(?:/post/{_NAME})?",
        (("Bluesky: {name}", "https://bsky.app/profile/{name}/rss"),),
    ),
    Site(
        r"github\.com",
        rf"/(?P<owner>(?!(?:{_NOT_OF_GITHUB})/)[\w-]+)/(?P<name>[\w.-]+?)(?:\.git)?(?:/(?:(?!.*\.atom).*))?",
        (
            ("{owner}/{name}: releases", "https://github.com/{owner}/{name}/releases.atom"),
            ("{owner}/{name}: tags", "https://github.com/{owner}/{name}/tags.atom"),
            ("{owner}/{name}: commits", "https://github.com/{owner}/{name}/commits.atom"),
        ),
    ),
    Site(
        r"github\.com",
        rf"/(?P<owner>(?!(?:{_NOT_OF_GITHUB})$)[\w-]+)",
        (("GitHub: {owner}", "https://github.com/{owner}.atom"),),
    ),
    Site(
        r"gitlab\.com",
        r"/(?P<name>(?!explore/|groups/|users/|help/|-/)[\w.-]+(?:/(?!-/)[\w.-]+)+?)(?:/-/.*)?",
        (
            ("{name}: releases", "https://gitlab.com/{name}/-/releases.atom"),
            ("{name}: tags", "https://gitlab.com/{name}/-/tags?format=atom"),
            ("{name}: activity", "https://gitlab.com/{name}.atom"),
        ),
    ),
    Site(
        r"codeberg\.org",
        r"/(?P<owner>(?!explore/|user/|org/)[\w.-]+)/(?P<name>[\w.-]+)(?:/.*)?",
        (
            ("{owner}/{name}: releases", "https://codeberg.org/{owner}/{name}/releases.rss"),
            ("{owner}/{name}: activity", "https://codeberg.org/{owner}/{name}.rss"),
        ),
    ),
    Site(rf"{_OWN_NAME}\.substack\.com", r"/.*", (("{name}", "https://{name}.substack.com/feed"),)),
    Site(
        r"medium\.com",
        rf"/tag/(?P<name>{_NAME})(?:/.*)?",
        (("Medium: {name}", "https://medium.com/feed/tag/{name}"),),
    ),
    Site(
        r"medium\.com",
        rf"/(?P<name>(?!(?:{_NOT_OF_MEDIUM})(?:/|$))@?{_NAME})(?:/.*)?",
        (("Medium: {name}", "https://medium.com/feed/{name}"),),
    ),
    Site(rf"{_OWN_NAME}\.medium\.com", r"/.*", (("Medium: {name}", "https://{name}.medium.com/feed"),)),
    Site(
        rf"{_OWN_NAME}\.wordpress\.com",
        r"/.*",
        (
            ("{name}", "https://{name}.wordpress.com/feed/"),
            ("{name}: comments", "https://{name}.wordpress.com/comments/feed/"),
        ),
    ),
    Site(
        r"tumblr\.com",
        rf"/(?:blog/(?:view/)?)?(?P<name>(?!(?:{_NOT_OF_TUMBLR})(?:/|$))[\w-]+)(?:/.*)?",
        (("Tumblr: {name}", "https://{name}.tumblr.com/rss"),),
    ),
    Site(rf"{_OWN_NAME}\.tumblr\.com", r"/.*", (("Tumblr: {name}", "https://{name}.tumblr.com/rss"),)),
    Site(
        r"(?P<name>[\w-]+)\.blogspot\.(?P<top>[a-z]{2,3}(?:\.[a-z]{2})?)",
        r"/.*",
        (
            ("{name}", "https://{name}.blogspot.{top}/feeds/posts/default"),
            ("{name}: comments", "https://{name}.blogspot.{top}/feeds/comments/default"),
        ),
    ),
    Site(
        r"vimeo\.com",
        r"/(?P<kind>channels|groups)/(?P<name>[\w-]+)(?:/.*)?",
        (("Vimeo: {name}", "https://vimeo.com/{kind}/{name}/videos/rss"),),
    ),
    Site(
        r"vimeo\.com",
        rf"/(?P<name>(?!(?:{_NOT_OF_VIMEO})(?:/|$))[\w-]+)(?:/videos)?",
        (("Vimeo: {name}", "https://vimeo.com/{name}/videos/rss"),),
    ),
)

# The first of them in a page of YouTube is that of the channel which it shows, or whose film it shows.
CLUES: tuple[Clue, ...] = (
    Clue(
        _YOUTUBE,
        re.compile(rb'"(?:externalId|externalChannelId|channelId)":\s{0,3}"(?P<id>UC[\w-]{22})"'),
        (("YouTube: videos", _VIDEOS + "?channel_id={id}"),),
    ),
    Clue(
        _YOUTUBE,
        re.compile(rb'youtube\.com/channel/(?P<id>UC[\w-]{22})"'),
        (("YouTube: videos", _VIDEOS + "?channel_id={id}"),),
    ),
)

USUAL_PATHS = ("/feed", "/rss.xml", "/atom.xml", "/index.xml", "/feed.xml", "/feed.json", "/rss")
"""Where programs that make sites put their feeds, the most common first."""

_ACCOUNT = re.compile(r"/@[\w.-]+(?:@[\w.-]+)?")
_HANDLE = re.compile(r"@(?P<name>[\w.-]+)@(?P<host>[\w-]+(?:\.[\w-]+)+)")


def feeds_of_site(url: str) -> tuple[FoundFeed, ...]:
    """The feeds of the page at this address, if it is one of a site of the table."""
    host, place = _place(url)
    for site in SITES:
        at, on = re.fullmatch(site.host, host), re.fullmatch(site.path, place)
        if at and on:
            return _filled(site.feeds, at.groupdict() | on.groupdict())
    return ()


def feeds_of_source(url: str, body: bytes) -> tuple[FoundFeed, ...]:
    """The feeds of a page of such a site that only the page itself tells."""
    host, _ = _place(url)
    for clue in CLUES:
        if re.fullmatch(clue.host, host) and (found := clue.source.search(body)):
            return _filled(
                clue.feeds, {name: text.decode("ascii") for name, text in found.groupdict().items()}
            )
    return ()


def usual_addresses(url: str) -> tuple[str, ...]:
    """Where a page that announces nothing may have a feed, the likeliest first; all on its own host."""
    path = urlsplit(url).path.rstrip("/")
    own: tuple[str, ...] = ()
    if _ACCOUNT.fullmatch(path):  # Mastodon and what is like it
        own = (f"{path}.rss",)
    elif path:
        own = (f"{path}/feed",)
    return tuple(dict.fromkeys(urljoin(url, place) for place in (*own, *USUAL_PATHS)))


def page_of_handle(typed: str) -> str | None:
    """The page of a handle of the fediverse, `@name@host`."""
    handle = _HANDLE.fullmatch(typed)
    return f"https://{handle['host']}/@{handle['name']}" if handle else None


def _place(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    host = (parts.hostname or "").removeprefix("www.")
    path = parts.path.rstrip("/") or "/"
    return host, f"{path}?{parts.query}" if "list=" in parts.query else path


def _filled(feeds: tuple[tuple[str, str], ...], facts: dict[str, str | None]) -> tuple[FoundFeed, ...]:
    known = {name: text or "" for name, text in facts.items()}
    return tuple(FoundFeed(url=url.format(**known), title=title.format(**known)) for title, url in feeds)
