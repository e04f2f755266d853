"""Content-codings (RFC 9110, 8.4): the bytes that a server sent, piece by piece, as the document they encode.

Promises: output comes in bounded pieces, so that the caller can stop a decompression bomb; a body that is
damaged or ends early is a `ValueError`, never a shorter document.
Refuses: more than one coding, and any that was not asked for.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Protocol

import brotli

if TYPE_CHECKING:
    from collections.abc import Iterator

ACCEPT_ENCODING = "gzip, deflate, br"

_PIECE_BYTES = 64 * 1024
_MAX_MEMBERS = 100  # each costs a copy of what follows it in the chunk; real bodies have one
_GZIP_FIRST_BYTE = 0x1F  # the first of two: a chunk may end between them
_GZIP = 16 + zlib.MAX_WBITS


class Decoder(Protocol):
    def feed(self, data: bytes) -> Iterator[bytes]:
        """The decoded pieces of `data`, which is not empty; raise `ValueError` where it is damaged."""

    def finish(self) -> None:
        """Raise `ValueError` where the body is not whole. An empty body is."""


def decoder_for(coding: str) -> Decoder:
    """The decoder for the value of a Content-Encoding header; raise `ValueError` for an unknown one."""
    match coding.strip().lower():
        case "" | "identity":
            return _Identity()
        case "gzip" | "x-gzip":
            return _Gzip()
        case "deflate":
            return _Deflate()
        case "br":
            return _Brotli()
    raise ValueError("it is encoded in a way that was not asked for")


class _Identity:
    def feed(self, data: bytes) -> Iterator[bytes]:
        yield data

    def finish(self) -> None:
        pass


class _Gzip:
    """RFC 1952: one member after the other. What follows them and is none is ignored, as browsers do."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(_GZIP)
        self._members = 1
        self._fed = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        self._fed = True
        while data:
            if self._member.eof and not self._begin_member(data):
                return
            yield from _inflate(self._member, data)
            data = self._member.unused_data

    def _begin_member(self, data: bytes) -> bool:
        if data[0] != _GZIP_FIRST_BYTE:
            return False
        self._members += 1
        if self._members > _MAX_MEMBERS:
            raise ValueError("its gzip data have too many parts")
        self._member = zlib.decompressobj(_GZIP)
        return True

    def finish(self) -> None:
        if self._fed and not self._member.eof:
            raise ValueError("its gzip data end early")


class _Deflate:
    """RFC 9110, 8.4.1.2 says the zlib format; some servers send the bare deflate stream (RFC 1951)."""

    def __init__(self) -> None:
        self._stream: zlib._Decompress | None = None

    def feed(self, data: bytes) -> Iterator[bytes]:
        if self._stream is None:
            # The low half of the first byte of a zlib stream is its method, 8 (RFC 1950, 2.2).
            has_header = data[0] & 0x0F == zlib.DEFLATED
            self._stream = zlib.decompressobj(zlib.MAX_WBITS if has_header else -zlib.MAX_WBITS)
        yield from _inflate(self._stream, data)

    def finish(self) -> None:
        if self._stream is not None and not self._stream.eof:
            raise ValueError("its deflate data end early")


class _Brotli:
    def __init__(self) -> None:
        self._stream = brotli.Decompressor()
        self._fed = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        self._fed = True
        try:
            while piece := self._stream.process(data, output_buffer_limit=_PIECE_BYTES):
                yield piece
                data = b""
        except brotli.error as error:
            raise ValueError("its brotli data are damaged") from error

    def finish(self) -> None:
        if self._fed and not self._stream.is_finished():
            raise ValueError("its brotli data end early")


def _inflate(stream: zlib._Decompress, data: bytes) -> Iterator[bytes]:
    try:
        while piece := stream.decompress(data, _PIECE_BYTES):
            yield piece
            data = stream.unconsumed_tail
    except zlib.error as error:
        raise ValueError("its compressed data are damaged") from error
