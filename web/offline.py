"""Reading without a network: what makes the pages an app that can be installed, and what its worker keeps.

The worker (`static/worker.js`) keeps the newest unread articles and those to read with them, for one reader
at a time: each answer names its reader by a key that says nothing, and when another comes, or nobody, all
that was kept is deleted. Marks that were made offline are sent to the addresses of the usual forms.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Blueprint, Response, current_app, g, render_template, url_for
from flask_babel import gettext
from flask_wtf.csrf import generate_csrf

from aggregator.proposing import chosen_policy, propose
from aggregator.storage.entries import get_entry
from aggregator.storage.icons import icon_digests
from web.assets import list_assets
from web.languages import language
from web.listing import load_page
from web.looks import PAPER
from web.places import UNREAD, VIEWS
from web.services import reading, services

if TYPE_CHECKING:
    from flask import Flask

    from aggregator.domain import Entry, RelatedEntry
    from aggregator.related.showing import Shown

blueprint = Blueprint("offline", __name__)

HEADER = "Lire-Aussi-Reader"
_ICONS = (("icon-192.png", 192, "any"), ("icon-512.png", 512, "any"), ("icon-mask-512.png", 512, "maskable"))


def install(app: Flask) -> None:
    app.after_request(_name_reader)


def _name_reader(response: Response) -> Response:
    if g.get("person") is not None and response.mimetype in ("text/html", "application/json"):
        response.headers[HEADER] = _reader_key()
    return response


def _reader_key() -> str:
    """The same for all that this person is shown, and no other's."""
    named = hmac.new(services().secret_key, f"reader {g.person.id}".encode(), hashlib.sha256)
    return named.hexdigest()[:16]


@blueprint.get("/worker.js")
def worker() -> Response:
    """Beside the pages, not among the static files: a worker may only see what lies under its address."""
    script = Path(current_app.static_folder or "", "worker.js").read_bytes()
    return Response(script, content_type="text/javascript; charset=utf-8")


@blueprint.get("/app.webmanifest")
def manifest() -> Response:
    """Browsers ask for it without cookies: it says nothing of anybody."""
    home = url_for("entries.home")
    told = {
        "id": home,
        "name": "Lire aussi",
        "short_name": "Lire aussi",
        "description": gettext("News, and under each article what is worth reading with it."),
        "lang": language(),
        "start_url": home,
        "scope": home,
        "display": "standalone",
        "background_color": PAPER["light"],
        "theme_color": PAPER["light"],
        "icons": [
            {
                "src": url_for("static", filename=name, v=list_assets()[name]),
                "sizes": f"{size}x{size}",
                "type": "image/png",
                "purpose": purpose,
            }
            for name, size, purpose in _ICONS
        ],
    }
    return Response(json.dumps(told, ensure_ascii=False), content_type="application/manifest+json")


@blueprint.get("/offline")
def page() -> str:
    """What the worker shows in the place of a page that it has not kept."""
    return render_template("offline.html")


@blueprint.get("/offline.json")
def listing() -> Response:
    """What the worker is to keep: addresses, each with a mark that changes when the page does."""
    with reading() as (connection, reader):
        unread = load_page(connection, reader, VIEWS[UNREAD], None).headlines
        entries = [get_entry(connection, reader, headline.id) for headline in unread]
        related = propose(connection, reader, entries, chosen_policy(connection, services().related))
        linked = {other.id: other for shown in related.values() for other in (*shown.links, *shown.copies)}
        others = [get_entry(connection, reader, one) for one in linked if one not in related]
        related |= propose(connection, reader, others, chosen_policy(connection, services().related))
        icons = icon_digests(connection, {entry.feed_id for entry in (*entries, *others)})
    told = {
        "reader": _reader_key(),
        "token": generate_csrf(),
        "pages": [
            [url_for("entries.home"), ""],
            [url_for("offline.page"), ""],
            *(
                [url_for("entries.entry", entry_id=entry.id), _mark(entry, related[entry.id])]
                for entry in (*entries, *others)
            ),
        ],
        "files": [
            *(
                url_for("static", filename=name, v=digest)
                for name, digest in list_assets().items()
                if name.endswith((".css", ".js", ".svg")) and name != "worker.js"
            ),
            *(url_for("icons.icon", digest=digest) for digest in set(icons.values()) if digest),
        ],
    }
    return Response(json.dumps(told), content_type="application/json")


def _mark(entry: Entry, related: Shown[RelatedEntry]) -> str:
    shows = (
        language(),
        sorted(list_assets().items()),
        entry.changed_at,
        entry.read,
        entry.starred,
        entry.full and entry.full.fetched_at,
        [other.id for other in (*related.links, *related.copies)],
    )
    return hashlib.sha256(repr(shows).encode()).hexdigest()[:12]
