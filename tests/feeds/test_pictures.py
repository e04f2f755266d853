"""A picture is what begins like one."""

from __future__ import annotations

import pytest
from pictures import icon_file, picture

from aggregator.feeds.pictures import picture_type

AVIF = b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        *((picture(kind), f"image/{kind.lower()}") for kind in ("PNG", "GIF", "JPEG", "WEBP")),
        (AVIF, "image/avif"),
        (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf", "image/avif"),
        (b"\0\0\0\x1cftypisom\0\0\0\0isomavif", None),  # a film
        (icon_file(16), None),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", None),
        (b"\xef\xbb\xbf<?xml version='1.0'?><svg/>", None),
        (b"<html><script>alert(1)</script>", None),
        (b" GIF89a", None),
        (b"RIFF\0\0\0\0WAVEfmt ", None),
        (b"%PDF-1.7", None),
        (b"", None),
    ],
)
def test_by_its_bytes_alone(body: bytes, kind: str | None) -> None:
    assert picture_type(body) == kind
