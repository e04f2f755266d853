"""The commands about people: `user add`, `password`, `list`, `remove`. No password is an argument."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from getpass import getpass
from typing import Annotated

import typer

from aggregator import accounts, output
from aggregator.errors import AccountError
from aggregator.program import Program
from aggregator.storage import users

app = typer.Typer(help="Who may come in: add, password, list, remove.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Name of the account.")]


def _ask() -> str:
    """Twice at a terminal; else the first line of standard input."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass("Password: ")
    if getpass("Again: ") != password:
        raise AccountError("password", "was not typed twice alike")
    return password


@app.command()
def add(
    context: typer.Context,
    name: Name,
    owner: Annotated[bool, typer.Option("--owner", help="May change what all see.")] = False,
) -> None:
    """Add an account. From then on, everybody logs in."""
    with Program.open(context.obj) as program:
        hashed = accounts.hash_password(_ask())
        with program.database.write() as connection:
            users.add_user(
                connection,
                accounts.check_name(name),
                role="owner" if owner else "reader",
                password_hash=hashed,
                now=datetime.now(UTC),
            )
    output.note(f"Account {name} was added.")


@app.command()
def password(context: typer.Context, name: Name) -> None:
    """Set a password. Whoever was logged in as this person is so no longer."""
    with Program.open(context.obj) as program:
        with program.database.read() as connection:
            user = users.get_user(connection, name)
        hashed = accounts.hash_password(_ask())
        with program.database.write() as connection:
            users.set_password(connection, user.id, hashed)
    output.note(f"The password of {name} was set.")


@app.command(name="list")
def list_all(
    context: typer.Context, json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False
) -> None:
    """Show all accounts."""
    with Program.open(context.obj) as program, program.database.read() as connection:
        output.people(users.list_users(connection), json=json)


@app.command()
def remove(context: typer.Context, name: Name) -> None:
    """Remove an account with its subscriptions, stars and keys. Articles stay for the others."""
    with Program.open(context.obj) as program, program.database.write() as connection:
        users.remove_user(connection, name)
    output.note(f"Account {name} was removed.")
