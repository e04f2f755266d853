"""Search: words, "exact phrases" and -excluded words, most relevant first."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from aggregator.storage.icons import icon_digests
from aggregator.storage.search import parse_query, search_headlines
from web.services import reading

blueprint = Blueprint("search", __name__)

PAGE_LENGTH = 50
LAST_PAGE = 20
"""Nobody reads on, and each further page costs the database all those before it."""
LONGEST_QUERY = 200


@blueprint.get("/search")
def results() -> str:
    words = request.args.get("q", "").strip()[:LONGEST_QUERY]
    number = min(max(1, request.args.get("page", 1, type=int)), LAST_PAGE)
    start = (number - 1) * PAGE_LENGTH
    with reading() as (connection, reader):
        found = search_headlines(connection, reader, words, limit=PAGE_LENGTH + 1, offset=start)
        icons = icon_digests(connection, (headline.feed_id for headline in found))
    return render_template(
        "search.html",
        words=words,
        wanted=bool(parse_query(words).wanted),
        found=found[:PAGE_LENGTH],
        icons=icons,
        start=start,
        number=number,
        more=len(found) > PAGE_LENGTH and number < LAST_PAGE,
    )
