"""Around "Lire aussi": its two groups, the path along it, verdicts, copies, and the thread of a story."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext

from aggregator.proposing import has_thread, thread
from aggregator.related.showing import Groups, group_links
from aggregator.storage.entries import get_entry
from aggregator.storage.icons import icon_digests
from aggregator.storage.sametexts import unread_copies
from aggregator.storage.terms import is_pending
from aggregator.storage.verdicts import is_refused, list_seen, list_verdicts, refuse_link, take_back
from web.forms import ID, read_id
from web.services import reading, services, writing
from web.trails import Trail, name_steps, read_trail
from web.wording import local_day

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from werkzeug.wrappers import Response

    from aggregator.domain import Entry, Headline, RelatedEntry
    from aggregator.related.showing import Shown

blueprint = Blueprint("lireaussi", __name__)

PAGE_LENGTH = 50
MAX_PAGE = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What an article's page says around its text."""

    groups: Groups[RelatedEntry]
    trail: Trail
    crumbs: tuple[Headline, ...]
    thread: bool
    """The story is long enough to be told on a page of its own."""
    waits: bool
    """It has no links because it was not compared with the others yet."""
    refused: Headline | None
    """What the person has just judged unrelated."""
    read_with: tuple[RelatedEntry, ...]
    """Copies that were read with the article; of an unread one, those that will be."""

    def is_new(self, entry: Entry, other: RelatedEntry) -> bool:
        """It arrived after the person read the entry."""
        return entry.read_at is not None and other.arrived_at > entry.read_at


def load_surroundings(
    connection: Connection, reader: int, entry: Entry, related: Shown[RelatedEntry]
) -> Surroundings:
    trail = read_trail(request.args).until(entry.id)
    return Surroundings(
        groups=group_links(related.links, feed_id=entry.feed_id, published_at=entry.published_at),
        trail=trail,
        crumbs=name_steps(connection, reader, trail),
        thread=bool(related.links or related.copies) and has_thread(connection, reader, entry.id),
        waits=not related.links and is_pending(connection, entry.id),
        refused=_find_refused(connection, reader, entry.id),
        read_with=tuple(copy for copy in related.copies if copy.read_at == entry.read_at),
    )


def _find_refused(connection: Connection, reader: int, entry_id: int) -> Headline | None:
    """The other end of the verdict that the address names, as long as it stands."""
    other = request.args.get("refused", type=int)
    if other is None or not 0 < other < 2**31 or not is_refused(connection, reader, entry_id, other):
        return None
    return next(iter(list_seen(connection, reader, [other])), None)


# ── verdicts ─────────────────────────────────────────────────────────────────────────────────────


def _read_other() -> int:
    other = read_id("other")
    if other is None:
        abort(400)
    return other


def _to_links(entry_id: int, *, refused: int | None = None) -> Response:
    """Back to "Lire aussi" of the entry, on the same trail."""
    keep = "unread" if request.form.get("keep") == "unread" else None
    via = read_trail(request.form).via
    address = url_for(
        "entries.entry", entry_id=entry_id, keep=keep, refused=refused, via=via, _anchor="lire-aussi"
    )
    return redirect(address, 303)


@blueprint.post(f"/entries/<{ID}:entry_id>/verdicts")
def refuse(entry_id: int) -> Response:
    other = _read_other()
    with writing() as (connection, reader):
        refuse_link(connection, reader, entry_id, other, now=services().clock())
    return _to_links(entry_id, refused=other)


@blueprint.post(f"/entries/<{ID}:entry_id>/verdicts/undo")
def undo(entry_id: int) -> Response:
    other = _read_other()
    with writing() as (connection, reader):
        take_back(connection, reader, entry_id, other)
    if request.form.get("list") == "1":
        flash(gettext("The two articles may be linked again."))
        return redirect(url_for("lireaussi.verdicts"), 303)
    return _to_links(entry_id)


@blueprint.get("/verdicts")
def verdicts() -> str:
    page = min(max(1, request.args.get("page", 1, type=int)), MAX_PAGE)
    with reading() as (connection, reader):
        found = list_verdicts(connection, reader, limit=PAGE_LENGTH + 1, offset=(page - 1) * PAGE_LENGTH)
    return render_template(
        "verdicts.html",
        verdicts=found[:PAGE_LENGTH],
        page=page,
        older=page + 1 if len(found) > PAGE_LENGTH else None,
    )


# ── copies, the thread ───────────────────────────────────────────────────────────────────────────


@blueprint.post(f"/entries/<{ID}:entry_id>/copies/unread")
def copies_unread(entry_id: int) -> Response:
    with writing() as (connection, reader):
        unread_copies(connection, reader, entry_id, now=services().clock())
    return _to_links(entry_id)


@blueprint.get(f"/entries/<{ID}:entry_id>/thread")
def story(entry_id: int) -> str:
    with reading() as (connection, reader):
        entry = get_entry(connection, reader, entry_id)
        found = thread(connection, reader, entry_id)
        icons = icon_digests(connection, {headline.feed_id for headline in found})
    days: dict[object, list[Headline]] = {}
    for headline in found:
        days.setdefault(local_day(headline.published_at), []).append(headline)
    return render_template("thread.html", entry=entry, days=days, found=found, icons=icons)
