"""R9: overwrite random pages of a library's file; is it noticed, and what does `repair` save?

    python tests/benchmarks/smash.py [SMASHES=50] [ENTRIES=2000]

Noticed: by the check at the start, or because reading every row fails with a sentence. Told: each row of a
publisher or a reader that is gone after the repair lies in what the repair says is lost.
"""

from __future__ import annotations

import random
import shutil
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parents[1]))
from library import an_entry, follow, owner, publish

from aggregator.errors import StorageError
from aggregator.keeping import Library
from aggregator.repairing import Repair, repair
from aggregator.storage.copies import find_damage
from aggregator.storage.engine import Database, sqlite_url
from aggregator.storage.marking import set_starred
from aggregator.storage.schema import metadata

PAGE = 4096
SAID = ("feeds", "entries", "users", "categories", "subscriptions", "statuses")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    what: str
    noticed: bool
    lost: dict[str, int]
    """Rows that are gone, by table."""
    untold: int
    """Entries that are gone and lie in no range that the repair names."""
    told: tuple[str, ...]
    altered: int
    """Rows that were saved, but not as they were."""


def make(path: Path, entries: int) -> None:
    with Database.open(sqlite_url(path)) as database:
        reader = owner(database)
        for number in range(10):
            feed = follow(database, f"https://feed{number}.example/", f"Feed {number}", category=("C",))
            words = random.Random(number)
            texts = [
                " ".join(
                    words.choices(
                        ("un", "mot", "après", "l’autre", "dans", "le", "texte"), k=words.randint(5, 900)
                    )
                )
                for _ in range(entries // 10)
            ]
            ids = publish(
                database, feed, *(an_entry(f"{number}-{n}", text=text) for n, text in enumerate(texts))
            )
            with database.write() as connection:
                for entry in ids[::7]:
                    set_starred(connection, reader, entry, starred=True, now=datetime.now(UTC))


def read(path: Path) -> dict[str, dict[tuple[object, ...], object]]:
    with Database.open(sqlite_url(path)) as database, database.read() as connection:
        return {
            table.name: {
                tuple(row[c.name] for c in table.primary_key): tuple(row.items())
                for row in connection.execute(table.select()).mappings()
            }
            for table in metadata.sorted_tables
            if table.name in SAID
        }


def smash(path: Path, chance: random.Random) -> str:
    """One to eight pages in a row, or a piece of one, with noise or with zeros."""
    size = path.stat().st_size
    pages = chance.choice((1, 1, 1, 2, 8))
    whole = chance.random() < 0.7
    length = PAGE * pages if whole else chance.choice((512, 1024, 2048))
    place = chance.randrange(size // PAGE) * PAGE if whole else chance.randrange(size // 512) * 512
    zeros = chance.random() < 0.4
    length = min(length, size - place)
    with path.open("r+b") as file:
        file.seek(place)
        file.write(bytes(length) if zeros else chance.randbytes(length))
    return f"{length} bytes of {'zeros' if zeros else 'noise'} at {place} of {size}"


def outcome(source: Path, folder: Path, chance: random.Random) -> Outcome:
    path = folder / "library.sqlite"
    shutil.copy(source, path)
    shutil.copy(source.with_name(f"{source.name}.layout"), folder)
    before = read(source)
    what = smash(path, chance)
    noticed = bool(find_damage(path))
    if not noticed:
        try:
            read(path)
        except StorageError:
            noticed = True
    done = repair(Library(folder=folder, database_url=sqlite_url(path)), now=datetime.now(UTC))
    after = read(path)
    gone = {name: before[name].keys() - after[name].keys() for name in SAID}
    kept = {name: before[name].keys() & after[name].keys() for name in SAID}
    # Counts and fetch states are the machine's.
    altered = sum(before["entries"][key] != after["entries"][key] for key in kept["entries"])
    return Outcome(
        what=what,
        noticed=noticed,
        lost={name: len(keys) for name, keys in gone.items() if keys},
        untold=sum(not _named(int(str(key[0])), done) for key in gone["entries"]),
        told=tuple(map(str, done.lost)),
        altered=altered,
    )


def _named(entry: int, done: Repair) -> bool:
    ranges = [gap for loss in done.losses if loss.table == "entries" for gap in loss.ranges]
    return any(first <= entry and (last is None or entry <= last) for first, last in ranges)


def smash_all(smashes: int, entries: int, seed: int = 9) -> list[Outcome]:
    chance = random.Random(seed)
    with TemporaryDirectory() as folder:
        source = Path(folder) / "library.sqlite"
        make(source, entries)
        found = []
        for _ in range(smashes):
            with TemporaryDirectory() as own:
                found.append(outcome(source, Path(own), chance))
        return found


def main() -> None:
    numbers = [int(word) for word in sys.argv[1:]]
    smashes, entries = [*numbers, *(50, 2_000)[len(numbers) :]]
    found = smash_all(smashes, entries)
    for one in found:
        print(one.what, "noticed" if one.noticed else "NOT NOTICED", one.lost, one.untold, one.altered)
        for line in one.told:
            print("    ", line)
    print(
        f"{sum(one.noticed for one in found)} of {smashes} noticed; "
        f"{sum(one.lost.get('entries', 0) for one in found)} of {smashes * entries} entries lost, "
        f"{sum(one.untold for one in found)} of them not named; {sum(one.altered for one in found)} altered"
    )


if __name__ == "__main__":
    main()
