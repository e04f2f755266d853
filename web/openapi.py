"""The API in OpenAPI 3.1, by hand: a test sends what it describes and checks the answers against it."""

from __future__ import annotations

from typing import Any

MOST_AT_ONCE = 200
MOST_IN_BATCH = 1_000

_Json = dict[str, Any]
_ID: _Json = {"type": "integer", "minimum": 0, "maximum": 2**31 - 1}
_TEXT: _Json = {"type": "string"}
_MAYBE: _Json = {"type": ["string", "null"]}
_FLAG: _Json = {"type": "boolean"}
_NAMES: _Json = {"type": "array", "items": _TEXT}
_MOMENT: _Json = {"type": "string", "format": "date-time"}
_RELATED = {"id": _ID, "feed_id": _ID, "feed_title": _TEXT, "title": _TEXT}
_HEADLINE = {**_RELATED, "published_at": _MOMENT, "read": _FLAG, "starred": _FLAG}


def _object(properties: _Json, *, required: list[str] | None = None) -> _Json:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties) if required is None else required,
        "additionalProperties": False,
    }


def _list(name: str) -> _Json:
    return {"type": "array", "items": {"$ref": f"#/components/schemas/{name}"}}


def _schemas() -> _Json:
    entry = {**_HEADLINE, "url": _MAYBE, "author": _MAYBE, "html": _TEXT, "text": _TEXT}
    feed = {"id": _ID, "url": _TEXT, "title": _TEXT, "site_url": _MAYBE, "category": _NAMES}
    problem = {"type": _TEXT, "title": _TEXT, "status": {"type": "integer"}, "detail": _TEXT}
    return {
        "Headline": _object(_HEADLINE),
        "Related": _object(_RELATED),
        "Entry": _object({**entry, "related": _list("Related")}),
        "Feed": _object({**feed, "unread": _ID}),
        "Problem": {"type": "object", "properties": problem, "required": list(problem)},
    }


def _operation(name: str, summary: str, status: str, answer: _Json | None = None, **more: Any) -> _Json:
    content = {"content": {"application/json": {"schema": answer}}} if answer else {}
    problem = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {
        "operationId": name,
        "summary": summary,
        "responses": {
            status: {"description": "Done", **content},
            "default": {
                "description": "A problem (RFC 9457): 401 without a key, 403 with one that may only read",
                "content": {"application/problem+json": problem},
            },
        },
        **more,
    }


def _query(name: str, schema: _Json, description: str = "") -> _Json:
    return {"name": name, "in": "query", "schema": schema, "description": description}


def _path(name: str) -> list[_Json]:
    return [{"name": name, "in": "path", "required": True, "schema": _ID}]


def _sent(schema: _Json) -> _Json:
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def _limits() -> _Json:
    return {"type": "integer", "minimum": 1, "maximum": MOST_AT_ONCE, "default": 50}


def _entries() -> _Json:
    parameters = [
        _query("state", {"enum": ["all", "unread", "starred"], "default": "all"}),
        _query("feed", _ID),
        _query("before", {"type": "string", "pattern": r"^-?[0-9]{1,15}-[0-9]{1,9}$"}, "`next` of a page"),
        _query("limit", _limits()),
    ]
    answer = _object({"entries": _list("Headline"), "next": _MAYBE})
    return _operation("entries", "Entries, newest first", "200", answer, parameters=parameters)


def _search() -> _Json:
    parameters = [
        _query("q", {"type": "string", "maxLength": 300}, "as in the search field of the pages"),
        _query("offset", {"type": "integer", "minimum": 0, "maximum": 500}),
        _query("limit", _limits()),
    ]
    answer = _object({"entries": _list("Headline"), "total": _ID})
    return _operation("search", "Entries that a query means", "200", answer, parameters=parameters)


def _statuses() -> _Json:
    a_list = {"type": "array", "items": {**_ID, "minimum": 1}, "maxItems": MOST_IN_BATCH}
    body = _object({"ids": a_list, "read": _FLAG, "starred": _FLAG}, required=["ids"])
    summary = "Mark entries, all or none"
    return _operation("set_statuses", summary, "204", requestBody=_sent(body))


def _add_feed() -> _Json:
    name = {"type": "string", "minLength": 1, "maxLength": 200}
    category = {"type": "array", "items": name, "maxItems": 10}
    address = {"type": "string", "minLength": 1, "maxLength": 2000}
    body = _object({"url": address, "category": category}, required=["url"])
    answer = {"$ref": "#/components/schemas/Feed"}
    return _operation(
        "add_feed", "Follow a feed, or the feed of a site", "201", answer, requestBody=_sent(body)
    )


def _paths() -> _Json:
    one = {"$ref": "#/components/schemas/Entry"}
    feeds = _object({"feeds": _list("Feed")})
    categories = _object({"categories": {"type": "array", "items": _NAMES}})
    return {
        "/api/v1/entries": {"get": _entries()},
        "/api/v1/entries/{entry_id}": {
            "get": _operation(
                "entry", "One entry and its related ones", "200", one, parameters=_path("entry_id")
            )
        },
        "/api/v1/feeds": {"get": _operation("feeds", "What is followed", "200", feeds), "post": _add_feed()},
        "/api/v1/feeds/{feed_id}": {
            "delete": _operation("remove_feed", "Follow it no more", "204", parameters=_path("feed_id"))
        },
        "/api/v1/categories": {"get": _operation("categories", "Paths of categories", "200", categories)},
        "/api/v1/search": {"get": _search()},
        "/api/v1/statuses": {"post": _statuses()},
        "/api/v1/refresh": {"post": _operation("refresh", "Look for news now", "202")},
    }


def describe() -> _Json:
    return {
        "openapi": "3.1.0",
        "info": {"title": "Lire aussi", "version": "1"},
        "security": [{"key": []}],
        "paths": _paths(),
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "schemas": _schemas(),
        },
    }
