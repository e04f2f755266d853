"""Content-codings: whole bodies come out whole, damaged and cut ones are refused, bombs can be stopped."""

from __future__ import annotations

import gzip
import re
import zlib

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.feeds.decoding import decoder_for

PIECE_LIMIT = 256 * 1024


def raw_deflate(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(data) + compressor.flush()


ENCODERS = {
    "identity": bytes,
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "Deflate ": raw_deflate,
    "br": brotli.compress,
}


def decode(coding: str, data: bytes, chunk: int = 1000) -> bytes:
    decoder = decoder_for(coding)
    pieces = [
        piece for start in range(0, len(data), chunk) for piece in decoder.feed(data[start : start + chunk])
    ]
    decoder.finish()
    return b"".join(pieces)


@pytest.mark.parametrize("coding", ENCODERS)
@given(data=st.binary(max_size=2000), chunk=st.integers(1, 300))
def test_what_was_encoded_is_decoded_in_any_chunks(coding: str, data: bytes, chunk: int) -> None:
    assert decode(coding, ENCODERS[coding](data), chunk) == data


@pytest.mark.parametrize("coding", ["gzip", "deflate", "Deflate ", "br"])
@given(data=st.data())
def test_a_body_that_ends_early_is_refused(coding: str, data: st.DataObject) -> None:
    encoded = ENCODERS[coding](b"news of the day " * 100)
    length = data.draw(st.integers(1, len(encoded) - 1))
    with pytest.raises(ValueError, match=r"end early|damaged"):
        decode(coding, encoded[:length])


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br"])
@given(data=st.binary(min_size=1, max_size=300))
def test_garbage_is_refused_in_words_or_decoded(coding: str, data: bytes) -> None:
    try:
        found, words = decode(coding, data), "it was none"
    except ValueError as error:
        found, words = b"", str(error)
    assert isinstance(found, bytes)
    assert re.search("end early|damaged|too many parts|it was none", words)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br"])
def test_an_empty_body_is_whole(coding: str) -> None:
    assert decode(coding, b"") == b""


@given(chunk=st.integers(1, 50))
def test_gzip_members_follow_one_another_and_padding_is_ignored(chunk: int) -> None:
    body = gzip.compress(b"one ") + gzip.compress(b"two") + bytes(8)
    assert decode("gzip", body, chunk) == b"one two"


def test_too_many_gzip_members_are_refused() -> None:
    with pytest.raises(ValueError, match="too many parts"):
        decode("gzip", gzip.compress(b"") * 1000)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br"])
def test_a_bomb_comes_in_small_pieces(coding: str) -> None:
    decoder = decoder_for(coding)
    sizes = [len(piece) for piece in decoder.feed(ENCODERS[coding](bytes(20_000_000)))]
    assert sum(sizes) == 20_000_000
    assert max(sizes) <= PIECE_LIMIT


@pytest.mark.parametrize("coding", ["lzma", "zstd", "gzip, gzip", "gzip, identity"])
def test_other_codings_are_refused(coding: str) -> None:
    with pytest.raises(ValueError, match="not asked for"):
        decoder_for(coding)
