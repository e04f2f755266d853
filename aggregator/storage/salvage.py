"""What can still be read of a damaged SQLite library, written into a new one, and what cannot.

Promises: the damaged file is only read; each row that is saved is whole (its texts are text, what must be
there is there); what is lost is counted and named. A feed of which only the entries are left is kept under a
name that says so.
"""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections import Counter
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from aggregator.storage.copies import is_text
from aggregator.storage.engine import Database, sqlite_url
from aggregator.storage.pages import Pages, Range, Shape, Tree, first_page, load_layout, read_layout
from aggregator.storage.schema import metadata

if TYPE_CHECKING:
    from collections.abc import Sequence

Row = tuple[object, ...]
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """What was not saved of one table: at least `rows`, of the rowids in `ranges` (see `pages.Range`)."""

    table: str
    saved: int
    rows: int
    ranges: tuple[Range, ...]
    note: str = ""

    def __str__(self) -> str:
        ids = ", ".join(str(a) if a == b else f"{a}–{b or ''}" for a, b in self.ranges[:20])
        if self.note:
            return (
                f"{self.table}: {self.rows} rows lost{self.note}" if self.rows else f"{self.table}{self.note}"
            )
        many = f" and {len(self.ranges) - 20} more ranges" if len(self.ranges) > 20 else ""
        lost = f"{self.rows} rows" if self.rows else "an unknown number of rows" if self.ranges else "no row"
        where = f", of the numbers {ids}{many}" if ids else ""
        return f"{self.table}: {self.saved} rows saved, {lost} lost{where}"


def salvage(damaged: Path, target: Path) -> tuple[Loss, ...]:
    """Write a new library into `target` (which is not there yet); what was lost, by table."""
    with TemporaryDirectory(dir=target.parent, prefix="salvage-") as folder:
        copy = Path(folder) / "copy.sqlite"
        unread = _take_copy(damaged, copy)
        Database.open(sqlite_url(target)).close()
        layout = _find_layout(damaged, copy, target)
        with closing(sqlite3.connect(target, isolation_level=None)) as fresh:
            fresh.execute("PRAGMA foreign_keys = OFF")
            fresh.execute("BEGIN")
            losses = _Salvage(copy, fresh, layout).run()
            losses += _mend_references(fresh)
            fresh.execute("COMMIT")
    if unread:
        note = f" (the newest {unread} bytes, which were not yet in the file, cannot be read)"
        losses.append(Loss(table="-wal", saved=0, rows=0, ranges=(), note=note))
    return tuple(losses)


def _take_copy(damaged: Path, copy: Path) -> int:
    """Copy the file with what is in its `-wal`; how many bytes of that cannot be read."""
    shutil.copyfile(damaged, copy)
    wal = damaged.with_name(f"{damaged.name}-wal")
    own = copy.with_name(f"{copy.name}-wal")
    if not wal.exists() or not wal.stat().st_size:
        return 0
    shutil.copyfile(wal, own)
    written = False
    with suppress(sqlite3.Error), closing(sqlite3.connect(copy, isolation_level=None)) as connection:
        busy, frames, done = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        written = not busy and frames == done
    unread = 0 if written else wal.stat().st_size
    for end in ("-wal", "-shm"):
        copy.with_name(copy.name + end).unlink(missing_ok=True)
    return unread


def _find_layout(damaged: Path, copy: Path, fresh: Path) -> tuple[Shape, ...]:
    """As the file says, else as it was noted beside it, else as a new library has it."""
    with suppress(sqlite3.Error):
        return read_layout(copy)
    with suppress(OSError, ValueError, TypeError, KeyError):
        return load_layout(damaged)
    return read_layout(fresh)


class _Salvage:
    """One run. `copy` may be written to."""

    def __init__(self, copy: Path, fresh: sqlite3.Connection, layout: Sequence[Shape]) -> None:
        self._copy, self._fresh, self._layout = copy, fresh, layout

    def run(self) -> list[Loss]:
        with self._copy.open("rb") as file:
            self._pages = Pages(file)
            trees = {shape.name: self._pages.walk(shape.root) for shape in self._layout}
            known = {page for tree in trees.values() for page, _ in tree.leaves} | self._pages.free()
            torn = any(tree.lost for tree in trees.values())
            self._strays = tuple(self._pages.leaves_of(known)) if torn else ()
            ours = {table.name for table in metadata.sorted_tables}
            shapes = [shape for shape in self._layout if shape.name in ours]
            return [self._save(shape, trees[shape.name]) for shape in shapes]

    def _save(self, shape: Shape, tree: Tree) -> Loss:
        bad, lost = 0, list(tree.lost)
        for leaf, ids in tree.leaves:
            found = self._rows(shape, leaf)
            rows = found or {}
            good = {rowid: row for rowid, row in rows.items() if row is not None and _within(rowid, ids)}
            self._insert(shape, list(good.values()))
            if found is None or len(good) < len(rows):
                lost.append(ids)  # the numbers of torn rows may be torn too
                bad += len(rows) - len(good)
        if lost:
            self._save_strays(shape)
        query = f"SELECT count(*) FROM {shape.name}"  # noqa: S608 - names of ours
        saved = self._fresh.execute(query).fetchone()[0]
        numbered = any(column.is_rowid for column in shape.columns)
        ranges = self._still_lost(shape, lost) if numbered else lost
        return Loss(table=shape.name, saved=saved, rows=bad, ranges=tuple(sorted(ranges, key=_first)))

    def _save_strays(self, shape: Shape) -> None:
        """Leaves that no tree names any more; all their rows are of this table, or none."""
        for page, width in self._strays:
            rows = self._rows(shape, page) if _may_hold(shape, width) else None
            rows = rows or {}
            whole = [row for row in rows.values() if row is not None]
            if len(whole) == len(rows):
                self._insert(shape, whole)

    def _still_lost(self, shape: Shape, lost: Sequence[Range]) -> list[Range]:
        """The ranges without the rows that were found elsewhere."""
        found: list[Range] = []
        query = f"SELECT rowid FROM {shape.name} WHERE rowid BETWEEN ? AND ? ORDER BY 1"  # noqa: S608
        for first, last in lost:
            begin = first
            for (rowid,) in self._fresh.execute(query, (first, last or 2**62)).fetchall():
                if rowid > begin:
                    found.append((begin, rowid - 1))
                begin = rowid + 1
            if last is None or begin <= last:
                found.append((begin, last))
        return found

    def _insert(self, shape: Shape, rows: Sequence[Row]) -> None:
        names = ", ".join(column.name for column in shape.columns)
        marks = ", ".join("?" * len(shape.columns))
        # A new library has an owner of its own, who gives way.
        verb = "REPLACE" if shape.name == "users" else "IGNORE"
        self._fresh.executemany(f"INSERT OR {verb} INTO {shape.name} ({names}) VALUES ({marks})", rows)  # noqa: S608

    def _rows(self, shape: Shape, leaf: int) -> dict[int, Row | None] | None:
        """The rows of one leaf, None for what is not whole; None where not even the rowids can be read."""
        pages = self._pages
        with self._copy.open("r+b") as file:
            file.write(first_page(shape, leaf, pages.size, pages.count))
        uri = f"{self._copy.absolute().as_uri()}?mode=ro&immutable=1"
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            connection.text_factory = _text
            try:
                rowids = [row[0] for row in connection.execute("SELECT rowid FROM rows LIMIT 10000")]
            except sqlite3.Error:
                return None
            rows = {rowid: _row(connection, rowid) for rowid in rowids}
        return {rowid: row if row and _is_whole(shape, row) else None for rowid, row in rows.items()}


def _within(rowid: int, ids: Range) -> bool:
    return ids[0] <= rowid and (ids[1] is None or rowid <= ids[1])


def _first(gap: Range) -> int:
    return gap[0]


def _row(connection: sqlite3.Connection, rowid: int) -> Row | None:
    try:
        found: Row | None = connection.execute("SELECT * FROM rows WHERE rowid = ?", (rowid,)).fetchone()
    except sqlite3.Error:
        return None
    return found


class _Broken:
    """A text that is none."""


def _text(raw: bytes) -> object:
    return raw.decode() if is_text(raw) else _Broken()


def _may_hold(shape: Shape, width: int) -> bool:
    """Columns that were added later are missing in older rows."""
    return 0 < width <= len(shape.columns) and not any(c.required for c in shape.columns[width:])


def _is_whole(shape: Shape, row: Row) -> bool:
    return all(
        _fits(column.type, value) if value is not None else not column.required
        for column, value in zip(shape.columns, row, strict=True)
    )


def _fits(kind: str, value: object) -> bool:
    match kind:
        case "INTEGER":
            return isinstance(value, int)
        case "BOOLEAN":
            return value in (0, 1)
        case "FLOAT":
            return isinstance(value, int | float)
        case "BLOB":
            return isinstance(value, bytes)
        case "DATETIME":
            return isinstance(value, str) and _MOMENT.fullmatch(value) is not None
        case _:
            return isinstance(value, str)


def _mend_references(fresh: sqlite3.Connection) -> list[Loss]:
    """Keep the entries of a lost feed, forget lost categories and icons, drop what refers to nothing."""
    fresh.execute(
        """INSERT INTO feeds (id, url, title, description)
           SELECT id, 'https://lost-feed-' || id || '.invalid/', 'Lost feed ' || id, '' FROM
             (SELECT feed_id AS id FROM entries UNION SELECT feed_id FROM subscriptions)
           WHERE id NOT IN (SELECT id FROM feeds)"""
    )
    fresh.execute(
        "UPDATE subscriptions SET category_id = NULL WHERE category_id NOT IN (SELECT id FROM categories)"
    )
    fresh.execute("UPDATE feeds SET icon_id = NULL WHERE icon_id NOT IN (SELECT id FROM icons)")
    torn = fresh.execute("PRAGMA foreign_key_check").fetchall()
    rows = {(table, rowid) for table, rowid, _, _ in torn}
    for table, rowid in rows:
        fresh.execute(f"DELETE FROM {table} WHERE rowid = ?", (rowid,))  # noqa: S608
    note = " (they belonged to rows that are lost)"
    counts = Counter(table for table, _ in rows)
    return [
        Loss(table=table, saved=0, rows=count, ranges=(), note=note)
        for table, count in sorted(counts.items())
    ]
