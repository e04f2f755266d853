"""The commands that take care of a library: backup, restore, doctor, repair."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aggregator import output
from aggregator.errors import StorageError
from aggregator.holding import hold
from aggregator.program import Place, Program

if TYPE_CHECKING:
    from aggregator.keeping import Library

app = typer.Typer()

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def _library(place: Place) -> Library:
    from aggregator.keeping import Library

    return Library(folder=place.folder, database_url=place.database_url)


def _needs(place: Place) -> None:
    """Raise `StorageError` where there is no library: none is made by looking at it."""
    file = _library(place).file
    if file is not None and not file.exists():
        raise StorageError(str(file), "there is no library", advice="Choose another one with --library.")


@app.command()
def backup(
    context: typer.Context,
    folder: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="Where [default: backups, in the library].")
    ] = None,
    keep: Annotated[
        int | None, typer.Option(help="Remove all but so many backups of this library there.", min=1)
    ] = None,
) -> None:
    """Copy the library into a new dated folder, also while it is used."""
    from aggregator.keeping import make_backup, remove_older
    from aggregator.storage.starred import export_starred

    place: Place = context.obj
    _needs(place)
    now = datetime.now(UTC)
    into = (folder or place.folder / "backups").expanduser().absolute()
    with Program.open(place) as program:
        with program.database.read() as connection:
            starred = export_starred(connection, program.owner_id)
        opml = program.subscriber.export_opml(program.owner_id, now=now)
        exports = {"feeds.opml": opml, "starred.json": starred}
        made = make_backup(_library(place), into, exports, version=program.version, now=now)
    output.announce(str(made))
    if keep is not None:
        for old in remove_older(_library(place), into, keep):
            output.note(f"Removed {old}")


@app.command()
def restore(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="BACKUP", help="A folder that `backup` made.")],
    force: Annotated[bool, typer.Option("--force", help="Replace the library that is there.")] = False,
) -> None:
    """Put a backup in the library's place. What it replaces is kept."""
    from aggregator.keeping import restore as put_back

    place: Place = context.obj
    place.prepare()
    with hold(place.folder, alone=True):
        backup_folder = folder.expanduser().absolute()
        kept = put_back(_library(place), backup_folder, force=force, now=datetime.now(UTC))
    output.announce(f"Restored {place.folder}")
    if kept is not None:
        output.note(f"The library that was there is in {kept}")


@app.command()
def repair(context: typer.Context, json: Json = False) -> None:
    """Build again what the program counts and indexes, and save what can be read of a damaged file."""
    from aggregator.repairing import repair as make_whole

    place: Place = context.obj
    _needs(place)
    with hold(place.folder, alone=True):
        done = make_whole(_library(place), now=datetime.now(UTC))
    output.repair(done, json=json)


@app.command()
def doctor(
    context: typer.Context,
    full: Annotated[bool, typer.Option("--full", help="Read the whole database.")] = False,
    json: Json = False,
) -> None:
    """Look whether all is well: versions, rights, disk, clock, database, feeds."""
    from aggregator.examining import examine

    found = examine(context.obj, full=full, now=datetime.now(UTC))
    output.findings(found, json=json)
    if any(finding.state == "problem" for finding in found):
        raise typer.Exit(1)
