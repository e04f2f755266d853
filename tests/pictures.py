"""Pictures for tests, drawn here."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO

from PIL import Image


def picture(kind: str = "PNG", size: tuple[int, int] = (64, 64), colour: str = "red") -> bytes:
    out = BytesIO()
    Image.new("RGB", size, colour).save(out, kind)
    return out.getvalue()


def icon_file(*sides: int) -> bytes:
    """A .ico with these sizes."""
    out = BytesIO()
    Image.new("RGBA", (max(sides), max(sides)), "blue").save(
        out, "ICO", sizes=[(side, side) for side in sides]
    )
    return out.getvalue()


def huge_picture(side: int) -> bytes:
    """A few bytes that say they are a PNG of `side` × `side`."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", side, side, 8, 6, 0, 0, 0)
    data = zlib.compress(b"\0" * 100_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def icon_around(body: bytes) -> bytes:
    """A .ico that says its one picture is small."""
    return struct.pack("<HHHBBBBHHII", 0, 1, 1, 32, 32, 0, 0, 1, 32, len(body), 22) + body
