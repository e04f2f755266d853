"""HTML -> plain text, and plain text -> HTML.

Promises: linear time, whatever the markup. Refuses nothing: what is no tag is text ("a < b").
The text is plain, not safe HTML: "&lt;b&gt;" becomes "<b>".
"""

from __future__ import annotations

import re
from html import escape, unescape

# Inside quotes `>` is text. `<` is nowhere: a scan that fails has not gone past the next tag.
REST_OF_TAG = r"(?:(?:[^<>\"']|\"[^\"<]*\"|'[^'<]*')*+>|[^<>]*>)"
"""A regular expression: from within a start or end tag to its end."""

# Of a frame no more than a text: browsers take all that follows <iframe/> for its content.
_WITHOUT_TEXT = re.compile(
    r"<(script|style|template|noscript|svg|math|title|textarea|select|button)(?=[\s/>])"
    r"(?:.*?</\1\s*>|.*)|<!--(?:.*?-->|.*)|<iframe(?=[\s/>])[^<>]*>[^<]*</iframe\s*>",
    re.IGNORECASE | re.DOTALL,
)
_LINE_TAG = re.compile(
    r"</?(?:address|article|aside|blockquote|br|caption|center|dd|details|div|dl|dt|fieldset|figcaption|figure"
    r"|footer|form|h[1-6]|header|hr|li|main|nav|ol|p|pre|section|summary|table|tbody|td|tfoot|th|thead|tr|ul)"
    rf"(?=[\s/>]){REST_OF_TAG}",
    re.IGNORECASE,
)
_INLINE_TAG = re.compile(rf"<[a-zA-Z/!?]{REST_OF_TAG}")
_BLANK_LINES = re.compile(r"\n(?:[^\S\n]*\n)+")


def paragraphs(text: str) -> str:
    """Plain text as HTML: blank lines part paragraphs, line breaks stay."""
    text = escape(text.replace("\r\n", "\n"), quote=False)
    blocks = (block.strip().replace("\n", "<br>") for block in _BLANK_LINES.split(text))
    return "".join(f"<p>{block}</p>" for block in blocks if block)


def to_text(html: str) -> str:
    """What a reader sees of `html`, as plain text: a line for each block, white space folded."""
    if "<" in html:
        html = html.replace("\n", " ").replace("\r", " ")
        html = _INLINE_TAG.sub("", _LINE_TAG.sub("\n", _WITHOUT_TEXT.sub("", html)))
    if "&" in html:
        html = unescape(html)
    lines = (" ".join(line.split()) for line in html.split("\n"))
    return "\n".join(line for line in lines if line)
