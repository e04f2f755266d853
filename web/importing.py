"""OPML in and out: a preview, an import that accounts for every line, an export.

An import is a job with a page of its own, which says what became of each outline and how far fetching is,
whenever it is opened.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask_babel import gettext

from aggregator.errors import AccountError, FeedError, OpmlError, SubscriptionError
from aggregator.storage import importjobs
from aggregator.storage.feeds import hurry
from aggregator.storage.subscriptions import find_subscription, follow_instead
from aggregator.subscribing import SeveralFeeds
from web.errors import sentence
from web.events import event
from web.forms import ID
from web.quotas import check_feeds
from web.services import reader_id, reading, services, writing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flask.typing import ResponseReturnValue

    from aggregator.domain import CategoryPath, ImportedOutline, ImportJob

blueprint = Blueprint("importing", __name__)

MOST_TICKS = 1_000
"""In a longer list whole categories are chosen: a page of five thousand boxes helps nobody."""

_MOST_SHOWN = 200
_LIVE_FOR = timedelta(hours=1)
"""What is not fetched by then waits for its host: the page says so without asking again."""
_PAUSE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    category: CategoryPath
    outlines: tuple[ImportedOutline, ...]


def by_category(outlines: Iterable[ImportedOutline]) -> tuple[Folder, ...]:
    """As folders: by category, each in the order of the file."""
    ordered = sorted(outlines, key=lambda outline: [name.casefold() for name in outline.category])
    groups = groupby(ordered, key=lambda outline: outline.category)
    return tuple(Folder(category=path, outlines=tuple(some)) for path, some in groups)


@blueprint.get("/import")
def form() -> str:
    return _show_form()


def _show_form(problem: str = "") -> str:
    with reading() as (connection, reader):
        jobs = importjobs.list_jobs(connection, reader)
    return render_template("import.html", problem=problem, jobs=[job for job in jobs if job.imported_at])


@blueprint.post("/import")
def upload() -> ResponseReturnValue:
    document = _document()
    if document is None:
        return _show_form(gettext("Choose a file first.")), 422
    keep = _draft if request.form.get("action") == "preview" else _import
    try:
        job_id = keep(document)
    except OpmlError as error:
        return _show_form(sentence(error)), 422
    return redirect(url_for("importing.job", job_id=job_id), 303)


def _document() -> bytes | None:
    """The file; None where none was chosen."""
    file = request.files.get("file")
    if file is None or not file.filename:
        return None
    with closing(file):  # a large one lies on the disk
        return file.read()


def _draft(document: bytes) -> int:
    now, most = services().clock(), services().people.feeds
    return services().subscriber.draft_import(reader_id(), document, most=most, now=now)


def _import(document: bytes) -> int:
    now, most = services().clock(), services().people.feeds
    job_id, added = services().subscriber.import_as_job(reader_id(), document, most=most, now=now)
    if added:
        services().request_refresh(False)
    return job_id


# ── a job ────────────────────────────────────────────────────────────────────────────────────────


@blueprint.get(f"/imports/<{ID}:job_id>")
def job(job_id: int) -> str:
    return _show_job(job_id)


def _show_job(job_id: int, *, problem: str = "", at: int | None = None, typed: str = "") -> str:
    """`problem` is that of the outline `at`, for which somebody `typed` an address."""
    with reading() as (connection, reader):
        found = importjobs.get_job(connection, reader, job_id)
        if found.imported_at is None:
            outlines = importjobs.list_outlines(connection, reader, job_id, "new", limit=found.new)
        else:
            outlines = importjobs.list_outlines(connection, reader, job_id, "added", limit=_MOST_SHOWN)
        refused = importjobs.list_outlines(connection, reader, job_id, "refused", limit=_MOST_SHOWN)
        failing = importjobs.list_failing(connection, reader, job_id, limit=_MOST_SHOWN)
    return render_template(
        "import_preview.html" if found.imported_at is None else "import_report.html",
        job=found,
        folders=by_category(outlines),
        refused=refused,
        failing=failing,
        singles=found.new <= MOST_TICKS,
        live=_is_live(found),
        problem=problem,
        at=at,
        typed=typed,
    )


def _is_live(found: ImportJob) -> bool:
    began = found.imported_at
    return began is not None and found.waiting > 0 and services().clock() - began < _LIVE_FOR


@blueprint.get(f"/imports/<{ID}:job_id>/events")
def events(job_id: int) -> Response:
    with reading() as (connection, reader):
        found = importjobs.get_job(connection, reader, job_id)
    return event(render_template("import_progress.html", job=found), last=not _is_live(found))


@blueprint.post(f"/imports/<{ID}:job_id>")
def choose(job_id: int) -> ResponseReturnValue:
    """Import what was ticked of a preview: the feeds with a tick, in categories with a tick."""
    with reading() as (connection, reader):
        draft = importjobs.get_job(connection, reader, job_id)
        outlines = importjobs.list_outlines(connection, reader, job_id, "new", limit=draft.new)
    categories, ticks = set(request.form.getlist("category")), set(request.form.getlist("outline"))
    single = draft.new <= MOST_TICKS
    left_out = [
        outline.id
        for number, folder in enumerate(by_category(outlines))
        for outline in folder.outlines
        if str(number) not in categories or (single and str(outline.id) not in ticks)
    ]
    now, most = services().clock(), services().people.feeds
    if services().subscriber.carry_out(reader_id(), job_id, left_out=left_out, most=most, now=now):
        services().request_refresh(False)
    return redirect(url_for("importing.job", job_id=job_id), 303)


@blueprint.post(f"/imports/<{ID}:job_id>/outlines/<{ID}:outline_id>")
def again(job_id: int, outline_id: int) -> ResponseReturnValue:
    """Try an outline that was refused, or whose feed fails, once more, perhaps at another address."""
    with reading() as (connection, reader):
        outline = importjobs.get_outline(connection, reader, job_id, outline_id)
    typed = request.form.get("url", "").strip()
    try:
        _try_again(job_id, outline, typed)
    except SeveralFeeds as several:
        back = url_for("importing.again", job_id=job_id, outline_id=outline_id)
        return render_template("choose.html", address=several.subject, found=several.found, action=back)
    except (FeedError, SubscriptionError, AccountError) as error:
        return _show_job(job_id, problem=sentence(error), at=outline_id, typed=typed), 422
    services().request_refresh(False)
    return redirect(url_for("importing.job", job_id=job_id, _anchor="problems"), 303)


def _try_again(job_id: int, outline: ImportedOutline, typed: str) -> None:
    now = services().clock()
    with writing() as (connection, reader):
        old = find_subscription(connection, reader, outline.feed_id) if outline.feed_id else None
        if old is not None and typed == old.feed.url:
            hurry(connection, old.feed.id, now=now, pause=_PAUSE)
            return
    if old is None:
        check_feeds()
    category = outline.category if old is None else old.category
    added = services().subscriber.add(reader_id(), typed, now=now, category=category)
    with writing() as (connection, reader):
        if old is not None:
            follow_instead(connection, reader, old.feed.id, added.feed.id)
        importjobs.replace_outline(
            connection,
            reader,
            job_id,
            outline.id,
            outcome="added",
            url=added.feed.url,
            feed_id=added.feed.id,
        )


@blueprint.get("/export.opml")
def export() -> Response:
    now = services().clock()
    name = f"lire-aussi-{now.astimezone():%Y-%m-%d}.opml"
    return Response(
        services().subscriber.export_opml(reader_id(), now=now),
        content_type="text/x-opml; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
