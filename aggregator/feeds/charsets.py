"""Bytes -> text, whatever encoding they are in and whatever they claim to be in.

Promises: a text for any bytes, never an error. What the document itself says comes before what the server
says of it: servers send one charset for all their files. Where bytes fit no claim, or a few of them are
broken, the rest is still read.
Refuses Python's codecs that no document is written in (some are slow, UTF-7 hides markup from filters).
"""

from __future__ import annotations

import codecs
import re

# Byte order marks, then the first characters of XML or JSON (XML 1.0, appendix F); the longer ones first.
_SIGNATURES = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"<\0\0\0", "utf-32-le"),
    (b"\0\0\0<", "utf-32-be"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
    (b"{\0", "utf-16-le"),
    (b"\0{", "utf-16-be"),
)
_DECLARED = re.compile(rb"\s*<\?xml\b[^>]{0,200}?\bencoding\s*=\s*[\"']([\w.:-]{1,40})[\"']")
_HEADER = re.compile(r"charset\s*=\s*[\"']?([\w.:-]{1,40})", re.IGNORECASE | re.ASCII)

# A charset -> the larger one that is meant, as browsers do (encoding.spec.whatwg.org, 4.2).
_MEANT = {"gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932", "euc_kr": "cp949", "big5": "big5hkscs"}
_WESTERN = {"ascii", "iso8859-1", "iso8859-15", "cp1252"}
_REFUSED = {"utf-7", "idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined", "mbcs", "oem"}
_NOT_ASCII = re.compile(r"[^\x00-\x7f\ufffd]")


def decode(body: bytes, content_type: str = "") -> str:
    """The text of `body`; `content_type` is the header of that name."""
    names = _candidates(body, content_type)
    for name in names:
        try:
            return body.decode(name)
        except UnicodeError:
            continue
    for name in names:
        text = body.decode(name, "replace")
        if text.count("\ufffd") <= len(_NOT_ASCII.findall(text)):
            return text
    return body.decode("cp1252", "replace")


def _candidates(body: bytes, content_type: str) -> list[str]:
    """Encodings to try, the most trusted first."""
    for signature, encoding in _SIGNATURES:
        if body.startswith(signature):
            return [encoding]
    declared = _DECLARED.match(body)
    header = _HEADER.search(content_type)
    claims = [declared[1].decode() if declared else "", header[1] if header else ""]
    names = [name for claim in claims if (name := _codec(claim))]
    # Whatever is valid UTF-8 is, by all odds, not Western European text in a single-byte charset.
    names.insert(0 if names and names[0] in _WESTERN else len(names), "utf-8")
    return names


def _codec(claim: str) -> str | None:
    """Python's name of the charset that a document or a server names; None for one that it cannot be in."""
    try:
        name = codecs.lookup(claim).name
        # Text that begins like ASCII is not in UTF-16 or UTF-32: the signatures would have told.
        if name in _REFUSED or name.startswith(("utf-16", "utf-32")):
            return None
        b" ".decode(
            name, "ignore"
        )  # LookupError for the codecs that make no text, "hex" and "zlib" among them
    except LookupError:
        return None
    return _MEANT.get(name, name)
