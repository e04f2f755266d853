"""A category with its entries, and those of the categories within it."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from aggregator.storage.entries import Selection, newest_id
from aggregator.storage.tree import list_shelves
from web.forms import ID
from web.listing import load_page
from web.places import get_category
from web.services import reading

blueprint = Blueprint("categories", __name__)


@blueprint.get(f"/categories/<{ID}:category_id>")
def category(category_id: int) -> str:
    mark = request.args.get("before")
    unread_only = request.args.get("view") != "all"
    with reading() as (connection, reader):
        path, ids, unread = get_category(list_shelves(connection, reader), category_id)
        selection = Selection(category_ids=ids, unread_only=unread_only)
        return render_template(
            "category.html",
            category_id=category_id,
            path=path,
            unread=unread,
            unread_only=unread_only,
            page=load_page(connection, reader, selection, mark),
            newest=newest_id(connection),
            first=mark is None,
        )
