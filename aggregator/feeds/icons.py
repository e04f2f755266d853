"""A page -> the addresses of its icons; foreign bytes -> a small picture of our own.

Promises: what is stored and served was drawn here, as a PNG of at most 32 × 32, with nothing of the foreign
file but its pixels. Raster images only, known by their first bytes, whatever the server calls them; an SVG is
a document that may run scripts, and is refused. Runs in a child (`documents.py`): decoders of images have
always had holes.
"""

from __future__ import annotations

import re
import struct
from io import BytesIO
from urllib.parse import urlsplit

from PIL import Image, ImageFile
from PIL.IcoImagePlugin import IcoImageFile

from aggregator.feeds.discovery import read_links

_SIDE = 32
"""Shown at 16, sharp on screens of twice that."""
_LEAST_SIDE = 8
_MAX_PIXELS = 2048 * 2048
Image.MAX_IMAGE_PIXELS = _MAX_PIXELS  # pictures inside an ICO are judged by Pillow alone, at twice this
_FORMATS = ("PNG", "GIF", "JPEG", "WEBP", "ICO")
_APPLE = frozenset({"apple-touch-icon", "apple-touch-icon-precomposed"})
_SIZE = re.compile(r"(\d{1,4})x\d{1,4}", re.IGNORECASE)
_UNKNOWN_SIZE = 48
# What Pillow raises for files that are broken in one way or another.
_BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    OverflowError,
    struct.error,
    Image.DecompressionBombError,
)


def find_icons(body: bytes, *, url: str, content_type: str) -> tuple[str, ...]:
    """Those of `<link rel=icon>` that may be raster images, nearest to our size first; then Apple's."""
    ranked: dict[str, tuple[bool, int]] = {}
    for link, address in read_links(body, url=url, content_type=content_type):
        relations = set(link.get("rel", "").lower().split())
        if relations & {"icon", *_APPLE} and not _is_svg(link, address):
            ranked.setdefault(address, (not relations & {"icon"}, _distance(link.get("sizes", ""))))
    return tuple(sorted(ranked, key=lambda address: ranked[address]))


def draw_icon(body: bytes) -> bytes | None:
    """The picture as a small PNG; None where it is none, is too large to be an icon, or shows nothing."""
    try:
        with Image.open(BytesIO(body), formats=_FORMATS) as image:
            if isinstance(image, IcoImageFile):
                image.size = _best_size(image)
            if image.width * image.height > _MAX_PIXELS:
                return None
            return _redraw(image)
    except _BROKEN:
        return None


def _redraw(image: ImageFile.ImageFile) -> bytes | None:
    image.draft("RGB", (_SIDE, _SIDE))
    pixels = (image.convert("RGB") if image.mode == "CMYK" else image).convert("RGBA")
    if min(pixels.size) < _LEAST_SIDE or pixels.getchannel("A").getbbox() is None:
        return None
    pixels.thumbnail((_SIDE, _SIDE))
    drawn = Image.new("RGBA", pixels.size)  # without the profiles and comments of the file
    drawn.paste(pixels)
    out = BytesIO()
    drawn.save(out, "PNG", optimize=True)
    return out.getvalue()


def _best_size(image: IcoImageFile) -> tuple[int, int]:
    sizes: list[tuple[int, int]] = sorted(image.info["sizes"])
    return next((size for size in sizes if size[0] >= _SIDE), sizes[-1])


def _is_svg(link: dict[str, str], address: str) -> bool:
    return "svg" in link.get("type", "").lower() or urlsplit(address).path.lower().endswith((".svg", ".svgz"))


def _distance(sizes: str) -> int:
    """How far the nearest of the sizes is from ours; one that is too small is worse than any large one."""
    named = [int(size) for size in _SIZE.findall(sizes)] or [_UNKNOWN_SIZE]
    return min(size - _SIDE if size >= _SIDE else 10_000 - size for size in named)
