"""What the authors of other readers expect of their own test documents, as claims about facts that we keep.

feedparser writes a Python expression into each document (it is read, never run), gofeed a file beside it.
"""

from __future__ import annotations

import ast
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """`place` is the number of the entry, or None for the feed; `part` of several values, or None for all."""

    fact: str
    place: int | None
    part: int | None
    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    path: Path
    claims: tuple[Claim, ...]
    refusable: bool = False
    """The author expects nothing that we keep, or that the document is refused."""


# feedparser's names -> ours. What is not here we do not keep: rights, generators, types, places, chapters…
_FEED_FACTS = {
    "title": "title",
    "title_detail.value": "title",
    "link": "link",
    "subtitle": "description",
    "tagline": "description",
    "description": "description",
    "tagline_detail.value": "description",
    "subtitle_detail.value": "description",
    "language": "language",
}
_ENTRY_FACTS = {
    "title": "title",
    "title_detail.value": "title",
    "link": "link",
    "id": "guid",
    "guid": "guid",
    "author": "author",
    "author_detail.name": "author",
    "authors.#.name": "author",
    "summary": "body",
    "description": "body",
    "summary_detail.value": "body",
    "content.#.value": "body",
    "published": "published",
    "created": "published",
    "updated": "updated",
    "published_parsed": "published",
    "created_parsed": "published",
    "updated_parsed": "updated",
    "modified_parsed": "updated",
    "date_parsed": "updated",
    "category": "categories",
    "tags.#.term": "terms",
    "tags.#.label": "categories",
    "enclosures.#.href": "files",
    "enclosures.#.url": "files",
    "enclosures.#.length": "lengths",
    "enclosures.#.type": "types",
    "media_content.#.url": "media",
    "media_thumbnail.#.url": "picture",
    "image.href": "picture",
    "comments": "comments",
    "source.title": "source_title",
    "source.title_detail.value": "source_title",
    "source.href": "source_link",
    "source.link": "source_link",
    "source.links.#.href": "source_link",
}
_EXPECT = re.compile(r"Expect:[ \t]*(.*)")


def of_feedparser(folder: Path) -> Iterator[Expectation]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and (found := _EXPECT.search(_readable(path))):
            yield Expectation(path=path, claims=tuple(_claims(found[1].strip())))


def _readable(path: Path) -> str:
    body = path.read_bytes()
    for encoding in ("utf-8", "utf-16", "utf-32", "cp037"):
        try:
            text = body.decode(encoding)
        except UnicodeError:
            continue
        if "Expect:" in text:
            return text
    return body.replace(b"\0", b"").decode("latin-1")


def _claims(expression: str) -> Iterator[Claim]:
    try:
        tree = ast.parse(expression, mode="eval")
    except (SyntaxError, ValueError):
        return
    for node in _conjuncts(tree.body):
        if isinstance(node, ast.Compare) and all(isinstance(sign, ast.Eq) for sign in node.ops):
            *said, expected = (node.left, *node.comparators)
            for one in said:
                yield from _claim(one, expected)


def _conjuncts(node: ast.expr) -> Iterator[ast.expr]:
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
        for value in node.values:
            yield from _conjuncts(value)
    else:
        yield node


def _claim(left: ast.expr, right: ast.expr) -> Iterator[Claim]:
    steps = _steps(left)
    try:
        value = _literal(right)
    except ValueError:
        return
    match steps:
        case ["feed", *rest] if fact := _FEED_FACTS.get(_name(rest)):
            yield Claim(fact=fact, place=None, part=_part(rest), value=value)
        case ["entries", int(place), *rest] if fact := _ENTRY_FACTS.get(_name(rest)):
            yield Claim(fact=fact, place=place, part=_part(rest), value=value)


def _literal(node: ast.expr) -> Any:
    """A constant, or a sum of strings."""
    if isinstance(node, ast.BinOp):
        return str(_literal(node.left)) + str(_literal(node.right))
    return ast.literal_eval(node)


def _name(steps: Iterable[str | int]) -> str:
    return ".".join("#" if isinstance(step, int) else step for step in steps)


def _part(steps: Iterable[str | int]) -> int | None:
    return next((step for step in steps if isinstance(step, int)), None)


def _steps(node: ast.expr) -> list[str | int]:
    match node:
        case ast.Name(id=name):
            return [name]
        case ast.Attribute(value=value, attr=name):
            return [*_steps(value), name]
        case ast.Subscript(value=value, slice=ast.Constant(value=key)):
            return [*_steps(value), key]
    return []


# ── gofeed ───────────────────────────────────────────────────────────────────────────────────────


def of_gofeed(folder: Path) -> Iterator[Expectation]:
    for path in sorted(folder.rglob("*")):
        expected = next((name for name in _beside(path) if name.is_file()), None)
        if path.is_file() and expected is not None and expected != path:
            yield Expectation(
                path=path, claims=tuple(_claims_of_json(json.loads(expected.read_text("utf-8"))))
            )


def _beside(path: Path) -> tuple[Path, ...]:
    if path.suffix == ".json":
        return (path.with_name(f"{path.stem}_expected.json"),)
    return (path.with_suffix(".json"), path.with_name(f"{path.stem}_expected.json"))


def _claims_of_json(feed: dict[str, Any]) -> Iterator[Claim]:
    facts = (
        ("title", feed.get("title")),
        ("link", feed.get("link") or feed.get("home_page_url") or _alternate(feed.get("links"))),
        ("description", feed.get("description") or feed.get("subtitle")),
        ("language", feed.get("language")),
    )
    yield from (Claim(fact=fact, place=None, part=None, value=value) for fact, value in facts if value)
    for place, item in enumerate(feed.get("items") or feed.get("entries") or []):
        yield from _claims_of_item(place, item)


def _claims_of_item(place: int, item: dict[str, Any]) -> Iterator[Claim]:
    files = [file for file in item.get("enclosures") or item.get("attachments") or [] if file.get("url")]
    facts = (
        ("title", item.get("title")),
        ("link", item.get("link") or item.get("url") or _alternate(item.get("links"))),
        ("guid", _inner(item.get("guid"), "value") or item.get("id")),
        ("author", _people(item)),
        ("body", _inner(item.get("content"), "value") or item.get("content_html")),
        ("body", item.get("description") or item.get("summary")),
        ("published", item.get("publishedParsed") or item.get("pubDateParsed") or item.get("date_published")),
        ("updated", item.get("updatedParsed") or item.get("date_modified")),
        ("all_categories", [_category(said) for said in item.get("categories") or item.get("tags") or []]),
        ("all_files", [file["url"] for file in files]),
        ("picture", _inner(item.get("image"), "url")),
        ("comments", item.get("comments")),
        ("source_title", _inner(item.get("source"), "title", only=True)),
        ("source_link", _inner(item.get("source"), "url", only=True)),
    )
    yield from (Claim(fact=fact, place=place, part=None, value=value) for fact, value in facts if value)


def _inner(value: Any, key: str, *, only: bool = False) -> Any:
    if isinstance(value, dict):
        return value.get(key)
    return None if only else value


def _people(item: dict[str, Any]) -> str:
    people = item.get("authors") or [item.get("author")]
    said = [person if isinstance(person, str) else (person or {}) for person in people]
    names = [p if isinstance(p, str) else p.get("name") or p.get("email") or "" for p in said]
    return ", ".join(filter(None, names))


def _category(said: Any) -> str:
    return str(
        said if isinstance(said, str) else said.get("label") or said.get("value") or said.get("term") or ""
    )


def _alternate(links: Any) -> str | None:
    for link in links or []:
        if isinstance(link, str):
            return link
        if link.get("rel", "alternate") == "alternate":
            return link.get("href")
    return None
