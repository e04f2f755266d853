"""The library for programs: JSON over HTTP, by a key, described at /api/openapi.json.

Promises: a key sees what its person sees; one that may only read changes nothing; no cookie counts;
a list is continued by an opaque mark; an error is a problem of RFC 9457. A batch is done whole or not at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, abort, g, jsonify, make_response, request
from werkzeug.exceptions import HTTPException

from aggregator import accounts
from aggregator.errors import AggregatorError, NotFound, StorageError
from aggregator.proposing import chosen_policy, propose
from aggregator.searching.language import MAX_CHARACTERS, parse_query
from aggregator.storage import users
from aggregator.storage.entries import Selection, get_entry, list_headlines
from aggregator.storage.marking import set_read, set_starred
from aggregator.storage.search import MAX_COUNTED, search_entries
from aggregator.storage.subscriptions import get_subscription, list_categories, list_subscriptions
from web.forms import ID
from web.listing import read_mark, write_mark
from web.openapi import MOST_AT_ONCE, MOST_IN_BATCH, describe
from web.quotas import check_feeds
from web.services import reader_id, reading, services, writing

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from flask.typing import ResponseReturnValue

    from aggregator.domain import Headline, Subscription

blueprint = Blueprint("api", __name__, url_prefix="/api")

NAME = blueprint.name
_LARGEST_ID = 2**31 - 1
_MAX_BODY_BYTES = 1_000_000
_MAX_ADDRESS_CHARACTERS = 2_000
_VIEWS = {
    "all": Selection(),
    "unread": Selection(unread_only=True),
    "starred": Selection(starred_only=True),
}


def let_in() -> None:
    """The person of the key, or the request ends here."""
    if request.endpoint == f"{NAME}.openapi":
        return
    given = request.authorization
    token = given.token if given is not None and given.type == "bearer" else None
    with services().database.read() as connection:
        found = accounts.find_key(connection, token or "")
    if found is None:
        abort(401)
    g.person, key = found
    if key.scope != "write" and request.method not in ("GET", "HEAD", "OPTIONS"):
        abort(403, "this key may only read")
    request.max_content_length = _MAX_BODY_BYTES
    now = services().clock()
    if accounts.is_stale(key.used_at, now):
        with services().database.write() as connection:
            users.touch_key(connection, key.id, now=now)


# ── errors ───────────────────────────────────────────────────────────────────────────────────────


@blueprint.errorhandler(HTTPException)
def _http_problem(error: HTTPException) -> Response:
    status = error.code or 500
    response = _problem(status, error.name, error.description or error.name)
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    return response


@blueprint.errorhandler(AggregatorError)
def _problem_of(error: AggregatorError) -> Response:
    if isinstance(error, NotFound):
        return _problem(404, "Not Found", error.detail, code=error.code)
    if isinstance(error, StorageError):
        return _problem(503, "Service Unavailable", "the library cannot be read or written", code=error.code)
    found = [{"url": one.url, "title": one.title} for one in getattr(error, "found", ())]
    more = {"choices": found} if found else {}
    return _problem(422, "Unprocessable Content", str(error), code=error.code, **more)


def _problem(status: int, title: str, detail: str, **more: object) -> Response:
    told = {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}
    response = make_response(jsonify(told), status)
    response.content_type = "application/problem+json"
    return response


# ── what is read ─────────────────────────────────────────────────────────────────────────────────


@blueprint.get("/openapi.json")
def openapi() -> ResponseReturnValue:
    return _answer(describe())


@blueprint.get("/v1/entries")
def entries() -> ResponseReturnValue:
    view = request.args.get("state", "all")
    limit = _number("limit", 50, most=MOST_AT_ONCE, least=1)
    mark = request.args.get("before")
    before = read_mark(mark)
    if view not in _VIEWS or (mark is not None and before is None):
        abort(400, "state or before has no meaning")
    feed_id = _number("feed", 0, most=_LARGEST_ID) if "feed" in request.args else None
    chosen = _VIEWS[view]
    selection = Selection(
        feed_id=feed_id,
        unread_only=chosen.unread_only,
        starred_only=chosen.starred_only,
        before=before,
        limit=limit + 1,
    )
    with reading() as (connection, reader):
        found = list_headlines(connection, reader, selection)
    shown = found[:limit]
    older = write_mark(shown[-1]) if len(found) > limit else None
    return _answer({"entries": [_headline(one) for one in shown], "next": older})


@blueprint.get(f"/v1/entries/<{ID}:entry_id>")
def entry(entry_id: int) -> ResponseReturnValue:
    with reading() as (connection, reader):
        found = get_entry(connection, reader, entry_id)
        policy = chosen_policy(connection, services().related)
        related = propose(connection, reader, [found], policy)[entry_id].links
    told = {
        "id": found.id,
        "feed_id": found.feed_id,
        "feed_title": found.feed_title,
        "url": found.url,
        "title": found.title,
        "author": found.author,
        "published_at": _iso(found.published_at),
        "read": found.read,
        "starred": found.starred,
        "html": str(found.html),
        "text": found.text,
        "related": [
            {"id": one.id, "feed_id": one.feed_id, "feed_title": one.feed_title, "title": one.title}
            for one in related
        ],
    }
    return _answer(told)


@blueprint.get("/v1/feeds")
def feeds() -> ResponseReturnValue:
    with reading() as (connection, reader):
        found = list_subscriptions(connection, reader)
    return _answer({"feeds": [_feed(one) for one in found]})


@blueprint.get("/v1/categories")
def categories() -> ResponseReturnValue:
    with reading() as (connection, reader):
        found = list_categories(connection, reader)
    return _answer({"categories": [list(path) for path in found]})


@blueprint.get("/v1/search")
def search() -> ResponseReturnValue:
    words = request.args.get("q", "").replace("\0", " ")
    if len(words) > MAX_CHARACTERS:
        abort(400, f"q has more than {MAX_CHARACTERS} characters")
    with reading() as (connection, reader):
        found = search_entries(
            connection,
            reader,
            parse_query(words),
            now=services().clock(),
            limit=_number("limit", 50, most=MOST_AT_ONCE, least=1),
            offset=_number("offset", 0, most=MAX_COUNTED),
        )
    hits = [_headline(hit.headline) for hit in found.hits]
    return _answer({"entries": hits, "total": found.total})


# ── what is written ──────────────────────────────────────────────────────────────────────────────


@blueprint.post("/v1/feeds")
def add_feed() -> ResponseReturnValue:
    body = _body({"url": str, "category": list}, needed=("url",))
    category = tuple(body.get("category", ()))
    if not all(isinstance(name, str) and 0 < len(name) <= 200 and "\0" not in name for name in category):
        abort(400, "category is a list of names")
    if not 0 < len(body["url"]) <= _MAX_ADDRESS_CHARACTERS or len(category) > 10:
        abort(400, "url or category is empty or too long")
    check_feeds()
    added = services().subscriber.add(reader_id(), body["url"], now=services().clock(), category=category)
    services().request_refresh(False)
    return jsonify(_feed(added)), 201


@blueprint.delete(f"/v1/feeds/<{ID}:feed_id>")
def remove_feed(feed_id: int) -> ResponseReturnValue:
    with reading() as (connection, reader):
        get_subscription(connection, reader, feed_id)
    services().subscriber.remove(reader, feed_id, now=services().clock())
    return "", 204


@blueprint.post("/v1/statuses")
def set_statuses() -> ResponseReturnValue:
    body = _body({"ids": list, "read": bool, "starred": bool}, needed=("ids",))
    ids = body["ids"]
    if len(ids) > MOST_IN_BATCH or not all(type(one) is int and 0 < one <= _LARGEST_ID for one in ids):
        abort(400, f"ids is a list of at most {MOST_IN_BATCH} ids")
    now = services().clock()
    with writing() as (connection, reader):
        for one in dict.fromkeys(ids):
            if "read" in body:
                set_read(connection, reader, one, read=body["read"], now=now)
            if "starred" in body:
                set_starred(connection, reader, one, starred=body["starred"], now=now)
            if not body.keys() & {"read", "starred"}:
                get_entry(connection, reader, one)
    return "", 204


@blueprint.post("/v1/refresh")
def refresh() -> ResponseReturnValue:
    services().request_refresh(True)
    return "", 202


# ── fields ───────────────────────────────────────────────────────────────────────────────────────


def _answer(told: object) -> Response:
    """With a validator: who has it already is told so in a few bytes."""
    response = jsonify(told)
    response.add_etag()
    response.make_conditional(request)
    return response


def _number(name: str, usual: int, *, most: int, least: int = 0) -> int:
    text = request.args.get(name)
    if text is None:
        return usual
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and least <= int(text) <= most):
        abort(400, f"{name} is a number from {least} to {most}")
    return int(text)


def _body(fields: Mapping[str, type], *, needed: tuple[str, ...]) -> dict[str, Any]:
    """A JSON object with these fields and no others."""
    body = request.get_json()
    if not isinstance(body, dict) or not set(needed) <= body.keys() <= fields.keys():
        abort(400, f"the body is an object of {', '.join(fields)}")
    if not all(type(value) is fields[name] for name, value in body.items()):
        abort(400, "a field has another type")
    return body


def _headline(one: Headline) -> dict[str, object]:
    return {
        "id": one.id,
        "feed_id": one.feed_id,
        "feed_title": one.feed_title,
        "title": one.title,
        "published_at": _iso(one.published_at),
        "read": one.read,
        "starred": one.starred,
    }


def _feed(one: Subscription) -> dict[str, object]:
    return {
        "id": one.feed.id,
        "url": one.feed.url,
        "title": one.title,
        "site_url": one.feed.site_url,
        "category": list(one.category),
        "unread": one.unread,
    }


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
