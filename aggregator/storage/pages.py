"""The pages of an SQLite file that SQLite itself refuses: which hold rows of which table.

Only the shape of the tree is read here (https://www.sqlite.org/fileformat2.html, 1.6): the rows are read by
SQLite, from a file whose first page is made to say that one page is a whole table.
"""

from __future__ import annotations

import json
import sqlite3
import struct
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import BinaryIO

Range = tuple[int, int | None]
"""First and last rowid; the last is None where it is not known."""

_INTERIOR, _LEAF = 5, 13
_PAGE_SIZE = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    name: str
    type: str
    required: bool
    """NOT NULL, without a default."""
    is_rowid: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Where a table begins, and what its rows look like. The search index has tables without a shape."""

    name: str
    root: int
    columns: tuple[Column, ...]


def read_layout(file: Path) -> tuple[Shape, ...]:
    """The tables of a readable file; raises `sqlite3.Error`."""
    with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        tables = connection.execute(
            "SELECT name, rootpage FROM sqlite_master WHERE type = 'table' AND rootpage > 0"
        ).fetchall()
        return tuple(Shape(name=name, root=root, columns=_columns(connection, name)) for name, root in tables)


def _columns(connection: sqlite3.Connection, table: str) -> tuple[Column, ...]:
    rows = connection.execute("SELECT * FROM pragma_table_info(?)", (table,)).fetchall()
    keys = [row for row in rows if row[5]]
    return tuple(
        Column(
            name=name,
            type=kind.upper(),
            required=bool(required) and default is None,
            is_rowid=bool(key) and len(keys) == 1 and kind.upper() == "INTEGER",
        )
        for _, name, kind, required, default, key in rows
    )


def layout_file(file: Path) -> Path:
    return file.with_name(f"{file.name}.layout")


def note_layout(file: Path) -> None:
    """Keep the layout apart from the file, for the day when its first page is lost."""
    kept = layout_file(file)
    layout = json.dumps([asdict(shape) for shape in read_layout(file)])
    if kept.exists() and kept.read_text() == layout:
        return
    with NamedTemporaryFile("w", dir=kept.parent, prefix=f"{kept.name}.", delete=False) as fresh:
        fresh.write(layout)
    Path(fresh.name).replace(kept)


def load_layout(file: Path) -> tuple[Shape, ...]:
    """Raises OSError, ValueError or TypeError where it cannot be read."""
    return tuple(
        Shape(name=said["name"], root=said["root"], columns=tuple(Column(**c) for c in said["columns"]))
        for said in json.loads(layout_file(file).read_bytes())
    )


# ── the tree ─────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """The leaves of a table (page, rowids it may hold), and the rowids that lie behind unreadable pages."""

    leaves: tuple[tuple[int, Range], ...]
    lost: tuple[Range, ...]


class Pages:
    """The pages of one file, numbered from 1. Closed by the caller."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        header = file.read(100)
        size = int.from_bytes(header[16:18], "big")
        proper = header[:16] == b"SQLite format 3\0" and size in (512, 1024, 2048, 4096, 8192, 16384, 32768)
        self.size = size if proper else _PAGE_SIZE
        self.count = file.seek(0, 2) // self.size
        self._first_free = int.from_bytes(header[32:36], "big") if proper else 0

    def read(self, page: int) -> bytes:
        """Empty for a page that is none."""
        if not 1 < page <= self.count:
            return b""
        self._file.seek((page - 1) * self.size)
        return self._file.read(self.size)

    def walk(self, root: int) -> Tree:
        leaves: list[tuple[int, Range]] = []
        lost: list[Range] = []
        seen: set[int] = set()
        waiting: list[tuple[int, int, int | None]] = [(root, 0, None)]
        while waiting:
            page, after, upto = waiting.pop()
            data = self.read(page)
            kind = data[0] if data and page not in seen else 0
            seen.add(page)
            if kind == _LEAF:
                leaves.append((page, (after + 1, upto)))
            elif kind == _INTERIOR:
                waiting.extend(self._children(data, after, upto))
            else:
                lost.append((after + 1, upto))
        return Tree(leaves=tuple(leaves), lost=tuple(sorted(lost, key=lambda gap: gap[0])))

    def _children(self, data: bytes, after: int, upto: int | None) -> Iterator[tuple[int, int, int | None]]:
        """(page, after which rowid, up to which), as an interior page says."""
        count = int.from_bytes(data[3:5], "big")
        for cell in range(count):
            place = int.from_bytes(data[12 + 2 * cell : 14 + 2 * cell], "big")
            key, _ = _varint(data, place + 4)
            if not 0 < key < 2**62:  # a damaged cell
                key = after
            yield int.from_bytes(data[place : place + 4], "big"), after, key
            after = max(after, key)
        yield int.from_bytes(data[8:12], "big"), after, upto

    def free(self) -> set[int]:
        """Pages that hold nothing any more."""
        found: set[int] = set()
        trunk = self._first_free
        while trunk not in found and (data := self.read(trunk)):
            found.add(trunk)
            trunk, count = struct.unpack(">II", data[:8])
            count = min(count, self.size // 4 - 2)
            found.update(struct.unpack(f">{count}I", data[8 : 8 + 4 * count]))
        return found

    def leaves_of(self, known: set[int]) -> Iterator[tuple[int, int]]:
        """(page, columns of its first row) of each leaf of any table that is not `known`."""
        for page in range(2, self.count + 1):
            if page not in known and (data := self.read(page))[:1] == bytes([_LEAF]):
                yield page, _width(data)


def _width(leaf: bytes) -> int:
    """How many columns the first row of a leaf has."""
    place = int.from_bytes(leaf[8:10], "big")
    _, place = _varint(leaf, place)
    _, place = _varint(leaf, place)
    length, place_after = _varint(leaf, place)
    end, columns = min(place + length, len(leaf)), 0
    while place_after < end:
        _, place_after = _varint(leaf, place_after)
        columns += 1
    return columns


def _varint(data: bytes, place: int) -> tuple[int, int]:
    """(number, where the next thing begins)."""
    value = 0
    for count, byte in enumerate(data[place : place + 9], 1):
        if count == 9:
            return value << 8 | byte, place + 9
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, place + count
    return value, place + 9


# ── a page as a table ────────────────────────────────────────────────────────────────────────────


def first_page(shape: Shape, root: int, size: int, count: int) -> bytes:
    """A first page under which SQLite reads the page `root` as the whole table `rows`."""
    names = ", ".join(
        f'"{column.name}"{" INTEGER PRIMARY KEY" * column.is_rowid}' for column in shape.columns
    )
    record = _record(("table", "rows", "rows", root, f"CREATE TABLE rows ({names})"))
    cell = _number(len(record)) + _number(1) + record
    start = size - len(cell)
    header = bytearray(100)
    header[:16] = b"SQLite format 3\0"
    struct.pack_into(">HBBBBBB", header, 16, size if size < 65536 else 1, 1, 1, 0, 64, 32, 32)
    struct.pack_into(">IIIIII", header, 24, 1, count, 0, 0, 1, 4)
    struct.pack_into(">I", header, 56, 1)  # UTF-8
    struct.pack_into(">II", header, 92, 1, 3_040_000)
    leaf = struct.pack(">BHHHB", _LEAF, 0, 1, start, 0) + struct.pack(">H", start)
    return bytes(header) + leaf + bytes(start - 100 - len(leaf)) + cell


def _record(values: Sequence[str | int]) -> bytes:
    types, body = b"", b""
    for value in values:
        if isinstance(value, int):
            types, body = types + _number(4), body + struct.pack(">i", value)
        else:
            text = value.encode()
            types, body = types + _number(13 + 2 * len(text)), body + text
    return _number(len(types) + 1) + types + body


def _number(value: int) -> bytes:
    """A varint of a small number."""
    if value < 0x80:
        return bytes([value])
    return bytes([value >> 7 | 0x80, value & 0x7F])
