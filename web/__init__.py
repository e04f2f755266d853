"""The pages: what a person sees of the library, over HTTP.

Promises: a GET never writes; every action is a form that works without JavaScript; everything that came from
outside is escaped, an entry's cleaned HTML alone excepted; each answer carries the security headers.
Refuses: SQL, and anything heavy: "Lire aussi" is read, never computed here.
"""

from __future__ import annotations

from flask import Flask

from aggregator.feeds.opml import MAX_BYTES as MAX_OPML_BYTES
from web import (
    arranging,
    bulk,
    categories,
    checks,
    entries,
    errors,
    feeds,
    filters,
    fulltext,
    health,
    icons,
    importing,
    languages,
    links,
    lireaussi,
    looks,
    manual,
    metrics,
    offline,
    packing,
    people,
    pictures,
    push,
    retention,
    search,
    security,
    starter,
    tending,
    tree,
    versions,
    wording,
)
from web.assets import install_assets
from web.services import EXTENSION, Services

__all__ = ["Services", "create_app"]

MAX_UPLOAD_BYTES = MAX_OPML_BYTES + 1_000_000
"""A form with the largest OPML file in it."""


def create_app(services: Services) -> Flask:
    """The WSGI application. It opens nothing: the library is opened, and closed, by the caller."""
    app = Flask(__name__)
    app.config.from_mapping(
        SECRET_KEY=services.secret_key,
        MAX_CONTENT_LENGTH=MAX_UPLOAD_BYTES,
        MAX_FORM_MEMORY_SIZE=MAX_UPLOAD_BYTES,
        SESSION_COOKIE_NAME="lire-aussi",
        SESSION_COOKIE_SAMESITE="Lax",
    )
    app.extensions[EXTENSION] = services
    for part in (
        languages,
        security,
        people,
        errors,
        wording,
        icons,
        pictures,
        push,
        search,
        looks,
        tree,
        offline,
        packing,
    ):
        part.install(app)
    install_assets(app)
    for pages in (
        entries,
        checks,
        categories,
        looks,
        manual,
        feeds,
        arranging,
        bulk,
        filters,
        tending,
        retention,
        versions,
        fulltext,
        links,
        lireaussi,
        importing,
        starter,
        search,
        icons,
        pictures,
        health,
        metrics,
        offline,
    ):
        app.register_blueprint(pages.blueprint)
    people.limit(app, services.people)
    return app
