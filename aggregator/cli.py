"""The command. Data goes to standard output, progress and errors to standard error.

Exit status: 0 where something was done right, 1 where it was not (with a sentence that says why), 2 for a
command line that has no meaning.
"""

from __future__ import annotations

import signal
import sys
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aggregator import cli_care, cli_people, output
from aggregator.errors import AggregatorError, ArticlesError, OpmlError, StorageError
from aggregator.holding import hold
from aggregator.program import Place, Program
from config.settings import Settings, default_library, to_toml

if TYPE_CHECKING:
    from sys import UnraisableHookArgs
    from types import FrameType

app = typer.Typer(
    name="lire-aussi",
    help="A self-hosted news reader that links each article to the few others worth reading with it.",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.add_typer(cli_care.app)
app.add_typer(cli_people.app, name="user")

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Host = Annotated[str | None, typer.Option(help="Address to listen on [default: 127.0.0.1].")]
Port = Annotated[int | None, typer.Option(help="Port to listen on [default: 8480].", min=0, max=65535)]


def main() -> None:
    """The entry point: what went wrong is said in a sentence, never in a traceback."""
    for request_to_stop in (signal.SIGTERM, signal.SIGALRM):
        signal.signal(request_to_stop, _interrupt)
    sys.unraisablehook = _interrupt_again
    try:
        app()
    except AggregatorError as error:
        sys.exit(output.failure(error))
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output has gone, as `head` does
        sys.exit(1)


def _interrupt(_signal: int, frame: FrameType | None) -> None:
    """A request to stop is heard as Ctrl-C: whatever is open is closed, what was begun is given back."""
    handler = signal.getsignal(signal.SIGINT)  # that of asyncio, while something is fetched
    if not callable(handler):  # ignored, as for what a shell started in the background
        handler = signal.default_int_handler
    handler(signal.SIGINT, frame)


def _interrupt_again(lost: UnraisableHookArgs) -> None:
    """Python drops an interrupt that meets it in a destructor or a weak reference's callback, as each import
    has one: ask once more."""
    if issubclass(lost.exc_type, KeyboardInterrupt):
        signal.setitimer(signal.ITIMER_REAL, 0.02)
    else:
        sys.__unraisablehook__(lost)


@app.callback(invoke_without_command=True)
def _place(
    context: typer.Context,
    library: Annotated[
        Path | None,
        typer.Option(envvar="LIRE_AUSSI_LIBRARY", help="Folder of the library.", show_default=False),
    ] = None,
    database: Annotated[
        str | None,
        typer.Option(
            envvar="LIRE_AUSSI_DATABASE",
            help="Address of a PostgreSQL database to use instead of the file in the folder.",
            show_default=False,
        ),
    ] = None,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Without a command: serve."""
    if version:
        from importlib.metadata import version as installed

        typer.echo(f"lire-aussi {installed('lire-aussi')}")
        raise typer.Exit
    context.obj = Place(folder=_folder(library or default_library()), database=database)
    if context.invoked_subcommand is None:
        serve(context)


def _folder(typed: Path) -> Path:
    try:
        return typed.expanduser().absolute()
    except RuntimeError as error:
        advice = "Name the folder by its whole path."
        raise StorageError(str(typed), "this user has no home folder", advice=advice) from error


def _now() -> datetime:
    return datetime.now(UTC)


# ── running ──────────────────────────────────────────────────────────────────────────────────────


@app.command()
def serve(context: typer.Context, host: Host = None, port: Port = None) -> None:
    """Serve the pages and refresh the feeds, until stopped."""
    from aggregator.serving import run

    with Program.open(context.obj) as program:
        pages = program.settings.pages
        run(program, host=host or pages.host, port=pages.port if port is None else port)


@app.command()
def demo(host: Host = None, port: Port = None) -> None:
    """Show the program with sample feeds, in a library that is thrown away at the end."""
    from tempfile import TemporaryDirectory

    from aggregator.demo import serve_samples
    from aggregator.serving import run

    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="lire-aussi-demo-")))
        outlines = stack.enter_context(serve_samples(_now()))
        program = stack.enter_context(Program(Place(folder=folder), Settings.load(folder)))
        program.allow("127.0.0.0/8")
        program.leave_icons()  # their sites exist nowhere
        program.subscriber.import_outlines(program.owner_id, outlines, now=_now())
        with output.refresh_progress() as tell:
            report = program.refresher.refresh(on_progress=tell)
        output.note(f"{report.feeds} sample feeds, {report.new_entries} articles, {report.links} links.")
        pages = program.settings.pages
        wanted = pages.port if port is None else port
        run(program, host=host or pages.host, port=wanted, any_port=port is None)


# ── feeds ────────────────────────────────────────────────────────────────────────────────────────


@app.command("import")
def import_file(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="An OPML file, or - for standard input.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    json: Json = False,
) -> None:
    """Follow every feed of an OPML file. The next refresh fetches them."""
    data = _read(file)
    with Program.open(context.obj) as program:
        subscriber, owner = program.subscriber, program.owner_id
        try:
            if dry_run:
                report = subscriber.preview_import(owner, data)
            else:
                report = subscriber.import_opml(owner, data, now=_now())
        except OpmlError as error:
            named = OpmlError(_named(file), error.detail, advice=error.advice)
            raise named.because(error.reason) from error
    output.import_report(report, json=json, dry_run=dry_run)
    if report.added or report.already_there:
        return
    if not report.refused:
        raise OpmlError(_named(file), "there is no feed in it", advice="Is it the file you meant?")
    raise typer.Exit(1)


def _named(file: Path) -> str:
    return "standard input" if str(file) == "-" else str(file)


def _read(file: Path) -> bytes:
    """One byte above the limit at most: what is larger is refused by its reader."""
    from aggregator.feeds.opml import MAX_BYTES

    try:
        if str(file) == "-":
            return sys.stdin.buffer.read(MAX_BYTES + 1)
        with file.open("rb") as opened:
            return opened.read(MAX_BYTES + 1)
    except OSError as error:
        raise OpmlError(str(file), f"cannot be read ({error.strerror})") from error


@app.command()
def export(
    context: typer.Context,
    file: Annotated[Path | None, typer.Argument(help="Where to write it [default: standard output].")] = None,
) -> None:
    """Write your feeds as an OPML file."""
    with Program.open(context.obj) as program:
        data = program.subscriber.export_opml(program.owner_id, now=_now())
    if file is None or str(file) == "-":
        sys.stdout.buffer.write(data)
        return
    try:
        file.write_bytes(data)
    except OSError as error:
        raise OpmlError(str(file), f"cannot be written ({error.strerror})") from error


@app.command()
def add(
    context: typer.Context, url: Annotated[str, typer.Argument(help="A feed, or a page with one.")]
) -> None:
    """Follow a feed and fetch it."""
    with Program.open(context.obj) as program:
        added = program.subscriber.add(program.owner_id, url, now=_now())
        report = program.refresher.refresh(feed_id=added.feed.id)
        added = program.subscriber.find(program.owner_id, added.feed.url, now=_now())
    output.added(added, report)
    if report.failed:
        raise typer.Exit(1)


@app.command()
def remove(context: typer.Context, url: Annotated[str, typer.Argument(help="The feed's address.")]) -> None:
    """Follow a feed no more. Its entries stay in the library, and return if you follow it again."""
    with Program.open(context.obj) as program:
        found = program.subscriber.find(program.owner_id, url, now=_now())
        program.subscriber.remove(program.owner_id, found.feed.id, now=_now())
    output.removed(found)


@app.command()
def refresh(
    context: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="Every feed, due or not.")] = False,
    json: Json = False,
) -> None:
    """Fetch the feeds that are due, and link what is new."""
    with Program.open(context.obj) as program, output.refresh_progress() as tell:
        report = program.refresher.refresh(everything=everything, on_progress=tell)
    output.refresh_report(report, json=json)
    if report.feeds and report.failed == report.feeds:
        output.note("Every feed failed; `lire-aussi feeds` says why.")
        raise typer.Exit(1)


@app.command()
def feeds(context: typer.Context, json: Json = False) -> None:
    """List your feeds."""
    from aggregator.storage.subscriptions import list_subscriptions

    with Program.open(context.obj) as program, program.database.read() as connection:
        output.subscriptions(list_subscriptions(connection, program.owner_id), json=json)


# ── entries ──────────────────────────────────────────────────────────────────────────────────────


@app.command()
def entries(
    context: typer.Context,
    json: Json = False,
    limit: Annotated[int, typer.Option(help="How many at most.", min=1, max=1_000_000)] = 50,
) -> None:
    """List entries, newest first."""
    from aggregator.storage.entries import Selection, list_headlines

    with Program.open(context.obj) as program, program.database.read() as connection:
        output.headlines(list_headlines(connection, program.owner_id, Selection(limit=limit)), json=json)


@app.command()
def search(
    context: typer.Context,
    words: Annotated[
        list[str],
        typer.Argument(metavar="QUERY", help='Words, "a phrase", feed:NAME, is:unread, from:2026-11…'),
    ],
    json: Json = False,
    limit: Annotated[int, typer.Option(help="How many at most.", min=1, max=1000)] = 20,
) -> None:
    """Search your entries, the most relevant and recent first. Put -- before words with a minus."""
    from aggregator.searching.language import parse_query
    from aggregator.storage.search import search_entries

    query = parse_query(" ".join(words))
    with Program.open(context.obj) as program, program.database.read() as connection:
        found = search_entries(connection, program.owner_id, query, now=_now(), limit=limit)
    output.found(found, json=json)
    if not found.hits:
        raise typer.Exit(1)


@app.command()
def related(
    context: typer.Context,
    entry: Annotated[str, typer.Argument(metavar="ENTRY_ID_OR_URL")],
    json: Json = False,
) -> None:
    """Show what "Lire aussi" proposes under an entry."""
    from aggregator.proposing import chosen_policy, propose
    from aggregator.storage.entries import get_entry

    with Program.open(context.obj) as program, program.database.read() as connection:
        found = get_entry(connection, program.owner_id, _entry_id(connection, program.owner_id, entry))
        policy = chosen_policy(connection, program.settings.related)
        shown = propose(connection, program.owner_id, [found], policy)[found.id]
        output.related(found, shown.links, json=json)


@app.command()
def links(context: typer.Context, json: Json = False) -> None:
    """Show how linking goes on the newest articles."""
    from aggregator.proposing import chosen_policy, overview

    with Program.open(context.obj) as program, program.database.read() as connection:
        policy = chosen_policy(connection, program.settings.related)
        output.linking(overview(connection, program.owner_id, policy), policy, json=json)


@app.command()
def why(
    context: typer.Context,
    a: Annotated[str, typer.Argument(metavar="A", help="An entry's id or address.")],
    b: Annotated[str, typer.Argument(metavar="B", help="Another one's.")],
    json: Json = False,
) -> None:
    """Tell why two entries are linked, or which step refused it."""
    from aggregator.proposing import chosen_policy, propose
    from aggregator.storage.entries import get_entry
    from aggregator.storage.links import find_link
    from aggregator.storage.terms import get_article

    with Program.open(context.obj) as program:
        with program.database.read() as connection:
            ids = [_entry_id(connection, program.owner_id, entry) for entry in (a, b)]
            pair = [get_entry(connection, program.owner_id, entry_id) for entry_id in ids]
            one, other = (get_article(connection, entry_id) for entry_id in ids)
            policy = chosen_policy(connection, program.settings.related)
            kept = find_link(connection, *ids)
            shown = propose(connection, program.owner_id, pair, policy)
        decision = program.linker.explain(one, other, policy)
        output.decision(pair, decision, kept, shown, json=json)


def _entry_id(connection: Any, user_id: int, entry: str) -> int:
    from aggregator.errors import NotFound
    from aggregator.storage.entries import find_id_by_url

    if entry.isascii() and entry.isdigit() and len(entry) < 20:
        return int(entry)
    found = find_id_by_url(connection, user_id, entry)
    if found is None:
        raise NotFound(entry, "no entry has this id or address", advice="`lire-aussi entries` lists them.")
    return found


@app.command()
def link(
    context: typer.Context,
    articles: Annotated[Path, typer.Argument(metavar="ARTICLES.jsonl", help="One JSON object a line, or -.")],
    output_file: Annotated[
        Path | None, typer.Option("--output", help="Where to write [default: standard output].")
    ] = None,
    limit: Annotated[int, typer.Option(help="Links an article.", min=1, max=100)] = 4,
    earlier_only: Annotated[
        bool, typer.Option("--earlier-only", help="Only articles published up to 12 hours after.")
    ] = False,
    no_gate: Annotated[bool, typer.Option("--no-gate", help="Show the best, however far they are.")] = False,
) -> None:
    """Link an archive of articles, without a library."""
    from aggregator.archives import link_articles, read_articles, write_links

    policy = Settings.load(context.obj.folder).related
    try:
        with ExitStack() as stack:
            lines = sys.stdin.buffer if str(articles) == "-" else stack.enter_context(articles.open("rb"))
            archive = read_articles(lines, str(articles))
            shown = link_articles(archive, policy, limit=limit, earlier_only=earlier_only, gate=not no_gate)
            target = (
                stack.enter_context(output_file.open("w", encoding="utf-8")) if output_file else sys.stdout
            )
            target.writelines(f"{line}\n" for line in write_links(archive, shown))
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        raise ArticlesError(str(error.filename), f"cannot be used ({error.strerror})") from error
    output.note(f"{len(archive)} articles, {sum(map(len, shown))} links.")


@app.command()
def relink(context: typer.Context) -> None:
    """Forget every link and link the whole library again."""
    with Program.open(context.obj) as program, output.count_progress("entries linked") as tell:
        count = program.linker.relink(on_progress=tell)
    typer.echo(f"{count} links")


# ── the library ──────────────────────────────────────────────────────────────────────────────────


@app.command()
def prune(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    json: Json = False,
) -> None:
    """Remove the entries that the rules of retention no longer keep. Starred ones always stay."""
    with Program.open(context.obj) as program:
        report = program.pruner.prune(now=_now(), dry_run=dry_run)
    output.prune_report(report, json=json, dry_run=dry_run)


@app.command()
def keep(
    context: typer.Context,
    url: Annotated[str, typer.Argument(help="The feed's address.")],
    days: Annotated[
        int | None, typer.Option(help="Days since an entry arrived; 0 for ever.", min=0, max=36_600)
    ] = None,
    count: Annotated[
        int | None, typer.Option("--entries", help="How many of the newest; 0 all.", min=0, max=10**9)
    ] = None,
) -> None:
    """Say what to keep of a feed; what you leave out is as in the settings."""
    from aggregator.domain import RetentionRule
    from aggregator.storage.retention import set_rule

    rule = RetentionRule(keep_days=days, keep_entries=count)
    with Program.open(context.obj) as program:
        found = program.subscriber.find(program.owner_id, url, now=_now())
        with program.database.write() as connection:
            set_rule(connection, found.feed.id, rule)
    output.kept(found, rule, program.settings.retention)


@app.command()
def settings(context: typer.Context) -> None:
    """Print every setting with its present value, as a settings file."""
    place: Place = context.obj
    typer.echo(
        f"# {place.folder / 'settings.toml'}, then the environment\n" + to_toml(Settings.load(place.folder)),
        nl=False,
    )


@app.command()
def migrate(context: typer.Context) -> None:
    """Bring the library to this version's schema. Every other command does it too, when needed."""
    from aggregator.storage.engine import Database

    place: Place = context.obj
    place.prepare()
    with hold(place.folder), Database(place.database_url) as database:
        before, after = database.migrate()
    typer.echo(f"Schema {after}" if before == after else f"Schema {before or 'none'} → {after}")
