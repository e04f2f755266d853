"""The page of an article -> the text of the article, cleaned like everything else.

Promises: a text for any bytes, perhaps an empty one; nothing that `clean_html` does not let through,
addresses absolute. What belongs to the page and not to the article (menus, banners, comments) is left out as
far as trafilatura knows it. Runs in a child (`documents.py`): it is slow on hostile pages, and dear to
import.
"""

from __future__ import annotations

import logging
import re
from html import unescape

import trafilatura

from aggregator.domain import PageText, SafeHtml
from aggregator.feeds.discovery import find_base, page_text
from aggregator.feeds.sanitizing import clean_html, to_text

_TITLE = re.compile(r"<title\b[^<>]*>([^<]{0,1000})", re.IGNORECASE)
# The page of ours that shows the text has said the title.
_FIRST_HEADING = re.compile(r"\s*<h1>[^<]*</h1>")
_MAX_TITLE_CHARS = 500
# None of them is known to happen; but it is a page's tree that rules of thumb climb about in.
_TRIPPED = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


def read_text(body: bytes, *, url: str, content_type: str) -> PageText:
    """`url` is where the page was found."""
    html = page_text(body, content_type)
    base = find_base(html, url=url)
    clean = clean_html(_article(html, base), base_url=base)
    text = to_text(clean)
    return PageText(url=url, title=_title(html), html=clean if text else SafeHtml(""), text=text)


def _article(html: str, base: str) -> str:
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)  # what it finds wrong is the page's affair
    try:
        found = trafilatura.extract(
            html,
            url=base,
            output_format="html",
            include_comments=False,
            include_formatting=True,
            include_images=True,
            include_links=True,
        )
    except _TRIPPED:
        return ""
    inside = (found or "").partition("<body>")[2].rpartition("</body>")[0]
    inside = inside.replace("<pre><pre>", "<pre>").replace("</pre></pre>", "</pre>")
    return _FIRST_HEADING.sub("", inside, count=1) if _FIRST_HEADING.match(inside) else inside


def _title(html: str) -> str:
    found = _TITLE.search(html)
    return " ".join(unescape(found[1]).split())[:_MAX_TITLE_CHARS] if found else ""
