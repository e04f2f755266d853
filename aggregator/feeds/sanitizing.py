"""Untrusted HTML -> HTML that is safe on our pages.

Promises: what `clean_html` returns holds no script, style, form, frame, event handler, id or class, no
address but absolute http(s) ones (and mailto in links). Cleaning it again changes nothing: what a browser
builds from it is the tree that was judged. Time and memory are bounded: of what is too large, too deep or
has too many tags only the text is kept.
nh3 has the last word. What happens before it is for comfort, none of it for safety.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from html import escape, unescape
from typing import Literal

import nh3

from aggregator.domain import CleanEntry, CleanFeed, ParsedEntry, ParsedFeed, SafeHtml
from aggregator.feeds.addresses import as_browsers_read
from aggregator.feeds.plaintext import REST_OF_TAG, paragraphs, to_text
from aggregator.feeds.presenting import FILM
from aggregator.feeds.videos import find_film
from aggregator.wholeness import own_summary

__all__ = ["clean_entries", "clean_html", "to_text"]

_MAX_CHARS = 1_000_000
_MAX_TAGS = 20_000
# The time of nh3 grows with the square of the depth, and of the references; and with depth × tags, where
# elements that are never closed are opened again in each paragraph (HTML, 13.2.4.3).
_MAX_DEPTH = 256
_MAX_REFERENCES = 50_000
_MAX_NODES = 300_000
# A character of text makes up to six of HTML: what came out is read again in full.
_MAX_TEXT_CHARS = 500_000
_MAX_CHARS_FOR_TEXT = 4_000_000
_MAX_ROUNDS = 5


def _names(text: str) -> set[str]:
    return set(text.split())


_ATTRIBUTES = {
    "*": {"dir", "lang", "title"},
    "a": {"href"},
    "audio": {"src"},
    "col": {"span"},
    "colgroup": {"span"},
    "details": {"open"},
    "img": {"alt", "height", "src", "width"},
    "li": {"value"},
    "ol": {"reversed", "start", "type"},
    "source": {"src", "type"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "time": {"datetime"},
    "video": {"height", "poster", "src", "width"},
}
_TAGS = _names(
    "a abbr address audio b bdi bdo blockquote br caption cite code col colgroup dd del details dfn div dl dt"
    " em figcaption figure h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q rp rt ruby s samp small source"
    " span strong sub summary sup table tbody td tfoot th thead time tr u ul var video wbr"
)
_DROPPED_WITH_CONTENT = _names(
    "button canvas datalist embed frameset head iframe math noembed noframes noscript optgroup"
    " option plaintext script select style svg template textarea title xmp"
)
# Set by us, before what the publisher says of the same attribute: the first counts (HTML, 13.2.5.33).
_OWN_VALUES = {
    "audio": {"controls": {""}, "preload": {"none"}},
    "img": {"loading": {"lazy"}, "referrerpolicy": {"no-referrer"}},
    "video": {"controls": {""}, "preload": {"none"}},
}
_OPENINGS = {
    "audio": '<audio controls preload="none"',
    "img": '<img loading="lazy" referrerpolicy="no-referrer"',
    "source": "<source",
    "video": '<video controls preload="none"',
}
_BOXES = _names("article aside center fieldset footer form header hgroup main nav section")
# A page has one h1, and it is not the entry's. The boxes would be landmarks of our page.
_RENAMED = dict.fromkeys(_BOXES, "div") | {"acronym": "abbr", "h1": "h2", "strike": "s", "tt": "code"}
_VOID = _names("area base br col embed hr img input link meta param source track wbr")
_CLOSED_BY_THE_NEXT = _names("dd dt li option p rp rt tbody td tfoot th thead tr")

_MARKUP = re.compile(r"<[a-zA-Z/!?]")
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
_TAG_TO_RENAME = re.compile(rf"<(/?)({'|'.join(_RENAMED)})(?=[\s/>])", re.IGNORECASE)
_MEDIA = re.compile(rf"<(audio|img|source|video)\b{REST_OF_TAG}", re.IGNORECASE)
# Browsers take all that follows <iframe/> for its content. Only "your browser has no frames" is meant to be.
_FRAME = re.compile(rf"<iframe(?=[\s/>]){REST_OF_TAG}(?:[^<]*</iframe\s*>)?", re.IGNORECASE)
_NO_TITLE = re.compile(r"(?:(?:youtube|vimeo|dailymotion)? ?video ?player)?", re.IGNORECASE)
_MAX_TITLE_CHARS = 200
_ATTRIBUTE = re.compile(r"(?<![\w-])([a-zA-Z][\w-]*)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))")
_DOT = re.compile(r"\s*[01](?:px)?\s*")
_DOT_STYLE = re.compile(r"(?:^|[;\s])(?:width|height)\s*:\s*[01](?:px)?(?=\s*(?:[;!]|$))", re.IGNORECASE)
_HIDDEN_STYLE = re.compile(r"(?:^|[;\s])(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)
# Pictures that only count who reads: as the most used counters address them.
_BEACON = re.compile(
    r"//(?:pixel\.(?:wp|quantserve|facebook)\.com/|[\w.-]*\.(?:scorecardresearch|feedsportal|doubleclick)\.(?:com|net)/"
    r"|feeds\.feedburner\.com/~r/|www\.facebook\.com/tr\b|[\w.-]*google-analytics\.com/|counter\.yadro\.ru/"
    r"|medium\.com/_/stat\b|logs\d*\.xiti\.com/|stats\.wordpress\.com/|[\w.-]+\.list-manage\.com/track/open)"
    r"|/(?:piwik|matomo)\.php\?|/(?:b|pixel|beacon|1x1|spacer)\.gif\?",
    re.IGNORECASE,
)
_START_OF_PRE = re.compile(r"(<pre\b[^<>]*>)[\r\n]+", re.IGNORECASE)
_LAZY_SOURCES = ("data-src", "data-lazy-src", "data-original")
# May there be a relative address? (Where it only looks so, cleaning takes a little longer. The regular
# expression begins with the one letter that is rare in texts.)
_RELATIVE = re.compile(
    r"=(?:(?<=href=)|(?<=poster=)|(?<=src=)|(?<=\s=))\s*+[\"']?+(?!\s*(?:https?:|mailto:))", re.IGNORECASE
)


def clean_entries(parsed: ParsedFeed) -> CleanFeed:
    """The same, ready to be stored; the newest first."""
    dates = [date for entry in parsed.entries if (date := entry.published_at or entry.updated_at)]
    return CleanFeed(
        title=parsed.title,
        site_url=parsed.site_url,
        description=parsed.description,
        language=parsed.language,
        time_to_live=parsed.time_to_live,
        dates=tuple(sorted(dates, reverse=True)),
        entries=tuple(
            _clean_entry(entry, parsed) for entry in sorted(parsed.entries, key=_date, reverse=True)
        ),
        item_hashes=parsed.item_hashes,
        wishes=parsed.wishes,
        guids=parsed.left_out.union(entry.guid for entry in parsed.entries),
        whole=parsed.whole,
    )


def _date(entry: ParsedEntry) -> datetime:
    """Entries without a date stay before the others, in the order of the document."""
    return entry.published_at or entry.updated_at or datetime.max.replace(tzinfo=UTC)


def _clean_entry(entry: ParsedEntry, feed: ParsedFeed) -> CleanEntry:
    base_url = entry.base_url or entry.url or feed.site_url or feed.url
    html = clean_html(entry.content or entry.summary, base_url=base_url)
    text = to_text(html)
    return CleanEntry(
        guid=entry.guid,
        url=entry.url,
        title=entry.title,
        author=entry.author,
        published_at=entry.published_at,
        updated_at=entry.updated_at,
        html=html,
        summary=own_summary(to_text(entry.summary[:_MAX_CHARS]), text) if entry.content else "",
        text=text,
        details=entry.details,
        content_hash=entry.content_hash,
    )


def clean_html(html: str, *, base_url: str | None) -> SafeHtml:
    """`html` without what it must not hold. Relative addresses start at `base_url`; without it they go."""
    cleaner = _cleaner_for(html, base_url)
    for _ in range(_MAX_ROUNDS):
        if _is_too_heavy(html):
            break
        cleaned = cleaner.clean(_prepared(html))
        if cleaned == html:
            return SafeHtml(cleaned)
        html = cleaned
    # Too heavy, or HTML that never comes to rest: each reading of it makes another tree.
    return _text_alone(html)


def _text_alone(html: str) -> SafeHtml:
    """A paragraph for each block. Nothing but escaped text: here nh3 has nothing to say."""
    text = to_text(html[:_MAX_CHARS_FOR_TEXT].replace("\0", ""))[:_MAX_TEXT_CHARS]
    return SafeHtml(paragraphs(text.replace("\n", "\n\n")))


def _cleaner_for(html: str, base_url: str | None) -> nh3.Cleaner:
    if base_url and _RELATIVE.search(html):
        try:
            return _cleaner(("rewrite_with_base", base_url))
        except ValueError:  # no address in the eyes of nh3
            pass
    return _cleaner("deny")


@lru_cache(maxsize=32)
def _cleaner(relative: Literal["deny"] | tuple[Literal["rewrite_with_base"], str]) -> nh3.Cleaner:
    """Our policy. To build it takes longer than to clean an entry with it."""
    return nh3.Cleaner(
        tags=_TAGS,
        clean_content_tags=_DROPPED_WITH_CONTENT,
        attributes=_ATTRIBUTES,
        tag_attribute_values=_OWN_VALUES,
        attribute_filter=_filter_attribute,
        url_schemes={"http", "https", "mailto"},
        url_relative=relative,
        link_rel="noopener noreferrer",
    )


def _filter_attribute(_tag: str, name: str, value: str) -> str | None:
    if name not in {"href", "poster", "src"}:
        return value
    address = as_browsers_read(value)
    return None if name != "href" and address.lower().startswith("mailto:") else address


def _is_too_heavy(html: str) -> bool:
    tags = html.count("<")
    if len(html) > _MAX_CHARS or tags > _MAX_TAGS or html.count("&") > _MAX_REFERENCES:
        return True
    if tags <= _MAX_DEPTH:
        return False
    depth = _depth(html)
    return depth > _MAX_DEPTH or depth * tags > _MAX_NODES


def _depth(html: str) -> int:
    """How deep elements nest, or a little more: an end tag without its start tag closes nothing."""
    depth = deepest = 0
    opened: dict[str, int] = {}
    for end, name in _TAG.findall(html.lower()):
        if name in _VOID or name in _CLOSED_BY_THE_NEXT or (end and not opened.get(name)):
            continue
        step = -1 if end else 1
        opened[name] = opened.get(name, 0) + step
        depth += step
        deepest = max(deepest, depth)
    return deepest


def _prepared(html: str) -> str:
    """The same for a reader, but in the elements that we allow. It is not safe yet."""
    if not _MARKUP.search(html):
        return paragraphs(unescape(html))
    html = _FRAME.sub(_frame, html)
    html = _TAG_TO_RENAME.sub(lambda found: f"<{found[1]}{_RENAMED[found[2].lower()]}", html)
    html = _MEDIA.sub(_media_tag, html)
    # Of the line breaks after <pre> every reading drops one (HTML, 13.2.6.4.7).
    return _START_OF_PRE.sub(r"\1", html)


def _frame(found: re.Match[str]) -> str:
    """A link, where it shows a film: pages make a card of one whose text begins like that."""
    attributes = _attributes(found[0])
    addresses = (unescape(attributes.get(name, "")).strip() for name in ("src", *_LAZY_SOURCES))
    film = next((film for address in addresses if address and (film := find_film(address))), None)
    if film is None:
        return ""
    title = " ".join(unescape(attributes.get("title", "")).split())
    words = "" if _NO_TITLE.fullmatch(title) else f"\N{NO-BREAK SPACE}{title[:_MAX_TITLE_CHARS]}"
    return f'<a href="{escape(film.page)}">{FILM}{escape(words)}</a>'


def _media_tag(found: re.Match[str]) -> str:
    """The tag as we want it; nothing where there is nothing to see."""
    name, rest = found[1].lower(), found[0][len(found[1]) + 1 :]
    attributes = _attributes(rest)
    if name in {"audio", "video"}:
        return _OPENINGS[name] + rest
    if _is_tracking_pixel(attributes):
        return ""
    source = attributes.get("src", "")
    if source and not source.startswith("data:"):
        return _OPENINGS[name] + rest
    # A script was to load it.
    source = next((attributes[key] for key in _LAZY_SOURCES if attributes.get(key)), "").replace('"', "%22")
    return f'{_OPENINGS[name]} src="{source}" {rest}' if source else ""


def _attributes(tag: str) -> dict[str, str]:
    """As they are written. Of two with one name the first counts."""
    return {key.lower(): a or b or c for key, a, b, c in reversed(_ATTRIBUTE.findall(tag))}


def _is_tracking_pixel(attributes: dict[str, str]) -> bool:
    if _DOT.fullmatch(attributes.get("width", "")) and _DOT.fullmatch(attributes.get("height", "")):
        return True
    style = attributes.get("style", "")
    if len(_DOT_STYLE.findall(style)) == 2 or _HIDDEN_STYLE.search(style):
        return True
    return bool(_BEACON.search(attributes.get("src", "")))
