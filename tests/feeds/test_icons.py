"""Which icons a page names, and what is drawn of foreign bytes."""

from __future__ import annotations

import random
import warnings
from io import BytesIO

import pytest
from pictures import huge_picture, icon_around, icon_file, picture
from PIL import Image

from aggregator.feeds.icons import draw_icon, find_icons


def find(html: str) -> tuple[str, ...]:
    return find_icons(html.encode(), url="https://site.example/a/", content_type="text/html")


def test_icons_nearest_to_our_size_first_and_those_of_apple_last() -> None:
    html = """<link rel="apple-touch-icon" sizes="180x180" href="/apple.png">
      <link rel="icon" sizes="16x16" href="16.png"><link rel="icon" sizes="192x192" href="/192.png">
      <link rel="SHORTCUT ICON" href="//cdn.example/any.ico"><link rel=icon sizes="32x32" href="/32.png">
      <link rel="stylesheet" href="/style.css"><link rel="icon" href="data:image/png;base64,AA==">"""
    assert find(html) == (
        "https://site.example/32.png",
        "https://cdn.example/any.ico",
        "https://site.example/192.png",
        "https://site.example/a/16.png",
        "https://site.example/apple.png",
    )


def test_an_svg_is_not_even_asked_for() -> None:
    html = """<link rel=icon href="/a.svg?x"><link rel=icon type="image/svg+xml" href="/b">
      <link rel="mask-icon" href="/c.png">"""
    assert find(html) == ()


@pytest.mark.parametrize("kind", ["PNG", "GIF", "JPEG", "WEBP", "ICO"])
def test_each_kind_of_picture_becomes_a_small_png(kind: str) -> None:
    drawn = draw_icon(picture(kind, (64, 64)))
    assert drawn is not None
    with Image.open(BytesIO(drawn), formats=["PNG"]) as image:
        assert max(image.size) == 32
        assert image.info == {}


def test_a_wide_picture_keeps_its_shape_and_a_small_one_its_size() -> None:
    for size, expected in (((128, 64), (32, 16)), ((16, 16), (16, 16))):
        drawn = draw_icon(picture("PNG", size))
        assert drawn is not None
        assert Image.open(BytesIO(drawn)).size == expected


def test_the_best_size_of_an_icon_file_is_taken() -> None:
    drawn = draw_icon(icon_file(16, 48, 256))
    assert drawn is not None
    assert Image.open(BytesIO(drawn)).size == (32, 32)


def test_nothing_of_the_foreign_file_but_its_pixels_is_kept() -> None:
    marked = picture("PNG") + b"<script>alert(1)</script>"
    drawn = draw_icon(marked)
    assert drawn is not None
    assert b"script" not in drawn


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>not found",
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
        b"GIF89a",
        b"\x89PNG\r\n\x1a\n",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        picture("BMP"),
        picture("TIFF"),
        picture("PNG", (1, 1)),
        huge_picture(60_000),
        huge_picture(3_000),
        icon_around(huge_picture(6_000)),
    ],
    ids=range(13),
)
def test_what_is_not_drawn(body: bytes) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        assert draw_icon(body) is None


def test_what_shows_nothing_is_not_drawn() -> None:
    out = BytesIO()
    Image.new("RGBA", (32, 32), (0, 0, 0, 0)).save(out, "PNG")
    assert draw_icon(out.getvalue()) is None


@pytest.mark.parametrize("kind", ["PNG", "GIF", "JPEG", "WEBP", "ICO"])
@pytest.mark.filterwarnings("ignore")
def test_broken_pictures_are_pictures_or_none(kind: str) -> None:
    chance = random.Random(kind)
    whole = picture(kind, (24, 40))
    for _ in range(300):
        broken = bytearray(whole)
        for _ in range(chance.randint(1, 6)):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        draw_icon(bytes(broken[: chance.randint(1, len(broken))] if chance.random() < 0.3 else broken))
