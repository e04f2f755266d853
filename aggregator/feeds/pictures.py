"""Bytes -> the type of the picture that they begin, by themselves alone.

Refuses: what a server calls them; SVG, which is a document that may run scripts; what browsers do not show.
"""

from __future__ import annotations

import re

_BEGINNINGS = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"RIFF.{4}WEBPVP8[ LX]", re.DOTALL), "image/webp"),
    # ISO/IEC 14496-12: the brands of an AVIF, or of a film of them.
    (re.compile(rb".{4}ftyp(?:avif|avis|mif1.{4}(?:.{4}){0,6}?avif)", re.DOTALL), "image/avif"),
)


def picture_type(body: bytes) -> str | None:
    """Its media type; None where it is no raster picture of a kind that every browser shows."""
    return next((kind for beginning, kind in _BEGINNINGS if beginning.match(body)), None)
