"""OPML in and out: a preview, an import that accounts for every line, an export."""

from __future__ import annotations

import base64
import binascii
from contextlib import closing
from itertools import groupby
from typing import TYPE_CHECKING

from flask import Blueprint, Response, abort, render_template, request
from flask_babel import gettext

from aggregator.errors import OpmlError
from web.errors import sentence
from web.services import reader_id, services

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aggregator.domain import CategoryPath, Outline

blueprint = Blueprint("importing", __name__)

Groups = tuple[tuple["CategoryPath", tuple["Outline", ...]], ...]


def by_category(outlines: Iterable[Outline]) -> Groups:
    """As folders: by category, each in the order of the file."""
    ordered = sorted(outlines, key=lambda outline: [name.casefold() for name in outline.category])
    return tuple((path, tuple(some)) for path, some in groupby(ordered, key=lambda outline: outline.category))


@blueprint.get("/import")
def form() -> str:
    return render_template("import.html", problem="")


@blueprint.post("/import")
def upload() -> str | tuple[str, int]:
    document = _document()
    if document is None:
        return _refuse(gettext("Choose a file first."))
    try:
        return _preview(document) if request.form.get("action") == "preview" else _import(document)
    except OpmlError as error:
        return _refuse(sentence(error))


def _document() -> bytes | None:
    """The file, None where none was chosen; from the page of a preview it comes back as text."""
    file = request.files.get("file")
    if file is not None and file.filename:
        with closing(file):  # a large one lies on the disk
            return file.read()
    if "document" not in request.form:
        return None
    try:
        return base64.b64decode(request.form["document"], validate=True)
    except (binascii.Error, ValueError):
        abort(400)


def _refuse(problem: str) -> tuple[str, int]:
    return render_template("import.html", problem=problem), 422


def _preview(document: bytes) -> str:
    report = services().subscriber.preview_import(reader_id(), document)
    return render_template(
        "import_preview.html",
        report=report,
        groups=by_category(report.added),
        document=base64.b64encode(document).decode("ascii"),
    )


def _import(document: bytes) -> str:
    report = services().subscriber.import_opml(reader_id(), document, now=services().clock())
    if report.added:
        services().request_refresh(False)
    return render_template("import_report.html", report=report, groups=by_category(report.added))


@blueprint.get("/export.opml")
def export() -> Response:
    now = services().clock()
    name = f"lire-aussi-{now.astimezone():%Y-%m-%d}.opml"
    return Response(
        services().subscriber.export_opml(reader_id(), now=now),
        content_type="text/x-opml; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
