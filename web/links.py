"""How linking goes, and the owner's two choices: how strict, how recent.

A preview shows exactly what saving gives.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext

from aggregator.proposing import CHOICES, Difference, choose, chosen_policy, overview, preview, with_choices
from web.services import reading, services, writing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from werkzeug.wrappers import Response

    from aggregator.policies import RelatedPolicy

blueprint = Blueprint("links", __name__)

_PREVIEWED = 200
_SHOWN_DIFFERENCES = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What another choice would change under the newest articles; only the first are spelt out."""

    gained: int
    lost: int
    differences: tuple[Difference, ...]


@blueprint.get("/links")
def index() -> str:
    with reading() as (connection, reader):
        current = chosen_policy(connection, services().related)
        wanted = _wanted(request.args, current)
        found = preview(connection, reader, current, wanted, newest=_PREVIEWED) if request.args else ()
        return render_template(
            "links.html",
            overview=overview(connection, reader, current),
            wanted=wanted,
            preview=_summed(found) if request.args else None,
        )


def _summed(found: tuple[Difference, ...]) -> Preview:
    return Preview(
        gained=sum(len(one.gained) for one in found),
        lost=sum(len(one.lost) for one in found),
        differences=found[:_SHOWN_DIFFERENCES],
    )


@blueprint.post("/links")
def save() -> Response:
    with writing() as (connection, _):
        if request.form.get("reset"):
            choose(connection, strictness=None, recency=None)
        else:
            wanted = _wanted(request.form, services().related)
            choose(connection, strictness=wanted.strictness, recency=wanted.recency)
    flash(gettext("Saved. Every article shows its links by this choice from now on."))
    return redirect(url_for("links.index"), 303)


def _wanted(fields: Mapping[str, str], policy: RelatedPolicy) -> RelatedPolicy:
    """The fields are whole percents."""
    chosen: dict[str, float] = {}
    for name, (least, greatest) in CHOICES.items():
        text = fields.get(name, "")
        if not text:
            continue
        if not (text.isascii() and text.isdigit() and len(text) <= 3):
            abort(400)
        chosen[name] = int(text) / 100
        if not least <= chosen[name] <= greatest:
            abort(400)
    return with_choices(policy, **chosen)
