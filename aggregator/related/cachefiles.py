"""Named arrays in files that can be dropped at any time: written whole or not at all, read by mapping.

A folder holds bundles (several arrays in one file) and a manifest that says what lies where. A bundle is
written under another name and renamed, the manifest last of all, so that a crash leaves the old state. What
is missing, of another version, shorter than promised or damaged is `None` to the reader, who makes it again.
"""

from __future__ import annotations

import json
import mmap
import os
import zlib
from typing import TYPE_CHECKING, Any, TypedDict

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy.typing as npt

    Arrays = dict[str, npt.NDArray[Any]]

VERSION = 1
MANIFEST = "manifest.json"
_ALIGNMENT = 64
_PAGE = 4096
_SAMPLES = 64


class Bundle(TypedDict):
    """What the manifest says of one file. `arrays`: type, shape and place of each."""

    file: str
    bytes: int
    check: int
    arrays: dict[str, tuple[str, tuple[int, ...], int]]


def write_bundle(folder: Path, file: str, arrays: Mapping[str, npt.NDArray[Any]]) -> Bundle:
    """Write the arrays into `file`; raises OSError."""
    places: dict[str, tuple[str, tuple[int, ...], int]] = {}
    temporary = folder / f"{file}.new"
    with temporary.open("wb") as out:
        for name, array in arrays.items():
            out.write(bytes(-out.tell() % _ALIGNMENT))
            places[name] = (array.dtype.str, array.shape, out.tell())
            out.write(np.ascontiguousarray(array).data)
        out.write(bytes(_ALIGNMENT))  # an empty file could not be mapped
        out.flush()
        os.fsync(out.fileno())
        length = out.tell()
    temporary.replace(folder / file)
    with (folder / file).open("rb") as written:
        return Bundle(file=file, bytes=length, check=_check(_mapped(written.fileno())), arrays=places)


def read_bundle(folder: Path, bundle: Bundle) -> Arrays | None:
    """The arrays, mapped: a change to them stays in this process. None if the file is not as described."""
    try:
        with (folder / bundle["file"]).open("rb") as file:
            mapped = _mapped(file.fileno())
    except (OSError, ValueError):
        return None
    if len(mapped) != bundle["bytes"] or _check(mapped) != bundle["check"]:
        return None
    _advise(mapped, 0, len(mapped))
    return {name: _array(mapped, *place) for name, place in bundle["arrays"].items()}


def give_back(array: npt.NDArray[Any]) -> None:
    """Let go of the memory of a mapped array that was never written to; it is read again when it is needed.

    Where the array is not mapped, or the system cannot do it, nothing happens.
    """
    base: object = array
    while isinstance(base, np.ndarray | memoryview):
        base = base.base if isinstance(base, np.ndarray) else base.obj
    if isinstance(base, mmap.mmap):
        start = array.ctypes.data - np.frombuffer(base, np.uint8, 1).ctypes.data
        _advise(base, -(-start // _PAGE) * _PAGE, start + array.nbytes)


def _advise(mapped: mmap.mmap, start: int, end: int) -> None:
    if hasattr(mmap, "MADV_DONTNEED") and end > start:
        mapped.madvise(mmap.MADV_DONTNEED, start, end - start)


def write_manifest(folder: Path, content: Mapping[str, object]) -> None:
    """Make `content` (with its `bundles`) the state of the folder, and delete files that it does not name."""
    temporary = folder / f"{MANIFEST}.new"
    body = json.dumps(content)
    temporary.write_text(json.dumps({"version": VERSION, "check": zlib.crc32(body.encode()), "body": body}))
    with temporary.open("rb") as written:
        os.fsync(written.fileno())
    temporary.replace(folder / MANIFEST)
    named = {bundle["file"] for bundle in content.get("bundles", [])}  # type: ignore[attr-defined]
    for path in folder.glob("*.arrays*"):
        if path.name not in named:
            path.unlink(missing_ok=True)


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """What `write_manifest` was given, or None if there is none of this version, whole."""
    try:
        outer = json.loads((folder / MANIFEST).read_bytes())
        if outer["version"] != VERSION or outer["check"] != zlib.crc32(outer["body"].encode()):
            return None
        content: dict[str, Any] = json.loads(outer["body"])
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None
    return content


def _mapped(descriptor: int) -> mmap.mmap:
    return mmap.mmap(descriptor, 0, access=mmap.ACCESS_COPY)


def _check(mapped: mmap.mmap) -> int:
    """A checksum of some pages from the first to the last: finds a torn file without reading all of it."""
    pages = -(-len(mapped) // _PAGE)
    check = 0
    for page in sorted({round(i * (pages - 1) / (_SAMPLES - 1)) for i in range(_SAMPLES)}):
        check = zlib.crc32(mapped[page * _PAGE : (page + 1) * _PAGE], check)
    return check


def _array(mapped: mmap.mmap, dtype: str, shape: tuple[int, ...], offset: int) -> npt.NDArray[Any]:
    length = int(np.prod(shape))
    return np.frombuffer(mapped, dtype, length, offset).reshape(shape)
