"""What an article said before its publisher edited it, with what changed marked."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from flask import Blueprint, render_template

from aggregator.feeds.plaintext import to_text
from aggregator.storage.edits import list_revisions
from aggregator.storage.entries import get_entry
from web.differences import compare
from web.forms import ID
from web.pictures import show_pictures
from web.services import reading

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from aggregator.domain import Revision
    from web.differences import Paragraph

blueprint = Blueprint("versions", __name__)

_MAX_CHARS = 100_000
"""Of a text that is compared; a person reads no more of it here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """From one text to the next."""

    seen_at: datetime
    title: tuple[Paragraph, ...]
    text: tuple[Paragraph, ...]
    earlier: Revision


def list_edits(revisions: Sequence[Revision], title: str, html: str) -> tuple[Edit, ...]:
    """The newest first, as `revisions` are; `title` and `html` are what the article says now."""
    texts = [(title, _plain(html)), *((revision.title, _plain(revision.html)) for revision in revisions)]
    return tuple(
        Edit(
            seen_at=revision.replaced_at,
            title=compare(before[0], after[0]),
            text=compare(before[1], after[1]),
            earlier=revision,
        )
        for revision, (after, before) in zip(revisions, pairwise(texts), strict=True)
    )


def _plain(html: str) -> str:
    return to_text(html)[:_MAX_CHARS]


@blueprint.get(f"/entries/<{ID}:entry_id>/versions")
def versions(entry_id: int) -> str:
    with reading() as (connection, reader):
        entry = get_entry(connection, reader, entry_id)
        revisions = list_revisions(connection, entry_id)
        show_pictures(connection)
    html = entry.full.feed_html if entry.full else entry.html  # what is compared are words of the feed
    return render_template("versions.html", entry=entry, edits=list_edits(revisions, entry.title, html))
