"""How many of the expectations that other readers test themselves with are ours too.

    .venv/bin/python tests/benchmarks/suites.py SHARED [--show KIND]

SHARED holds `feeds/dates.json` and, under `feeds/`, the suites of feedparser and of gofeed. A document agrees
where each fact that its author expects, and that we keep, is what we say; bodies are compared as a person
reads them. What differs is counted by kind, each kind with its reason.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expectations import of_feedparser, of_gofeed

from aggregator.errors import ParseError
from aggregator.feeds.dates import read_date
from aggregator.feeds.normalizing import normalize
from aggregator.feeds.parsing import read_document
from aggregator.feeds.sanitizing import clean_html, to_text
from aggregator.feeds.values import one_line, web_address

NOW = datetime(2026, 1, 1, tzinfo=UTC)
if TYPE_CHECKING:
    from collections.abc import Iterable

    from expectations import Claim, Expectation

    from aggregator.domain import ParsedEntry, ParsedFeed

NO_GUID = "none:"
URL = "http://127.0.0.1:8097/feed"
_HEADER = re.compile(rb"Header:[ \t]*Content-[tT]ype:[ \t]*(.*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A reason to differ; `pattern` is sought in "folder/document fact", the first that is found counts."""

    name: str
    pattern: str
    reason: str


KINDS = (
    Kind(
        name="header",
        pattern="content_location|content_language|/headers_",
        reason="it is said by an HTTP header; here the address after redirects is the base, and a feed says "
        "its language itself",
    ),
    Kind(
        name="guid",
        pattern="_id_base_docuri",
        reason="a guid is kept as written: it is the same when the feed moves",
    ),
    Kind(
        name="base64",
        pattern="base64",
        reason="text/plain or application/octet-stream in base64 is not taken for HTML: RFC 4287, 4.1.3.3",
    ),
    Kind(
        name="other types",
        pattern="issue_275",
        reason="the content is a film or JSON, which is no text to read",
    ),
    Kind(
        name="wrong end tag",
        pattern="source_title_(?:html|text)|title_xhtml_(?:inline|escaped)_markup|rss_channel_language",
        reason="an element is closed under another name, in a document that is not well-formed",
    ),
    Kind(
        name="naked markup",
        pattern="naked_markup",
        reason="elements within <author>, <guid> or <category>, which hold text alone",
    ),
    Kind(
        name="label",
        pattern="category_term|category_-_atom10",
        reason="the label of a category is for people, the term for programs; we show the label",
    ),
    Kind(
        name="name",
        pattern="author_map_author",
        reason="the name of an author without the e-mail address beside it",
    ),
    Kind(
        name="characters",
        pattern="linenoise|/[lr]ang",
        reason="bytes beside UTF-8 are windows-1252; &lang; is that of HTML 5",
    ),
    Kind(
        name="as browsers read",
        pattern="comment|nested_cdata|not_a_doctype|iframe|_crazy",
        reason="what browsers take for a comment, a script or the content of a frame is no text",
    ),
    Kind(
        name="own address",
        pattern="rel_self|channel_atom_link",
        reason="the address of the feed itself is not the address of a site",
    ),
    Kind(
        name="in the text",
        pattern="item_image_",
        reason="a picture of the text stands in the text; it is not shown beside it as well",
    ),
    Kind(
        name="once", pattern="node_precedence|_no_href", reason="the second entry has the guid of the first"
    ),
    Kind(name="uri", pattern="uri_at_protocol", reason="feedparser prefers the attribute `uri` of a link"),
)
REFUSED = Kind(
    name="refused",
    pattern="",
    reason="no feed: neither a version nor an entry, or another format",
)
UNEXPLAINED = Kind(name="UNEXPLAINED", pattern="", reason="ours to mend")


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    path: Path
    claim: Claim
    got: Any
    kind: Kind

    def __str__(self) -> str:
        place = f"{self.path.parent.name}/{self.path.name} {self.claim.fact}"
        return f"       {place}\n         expected {self.claim.value!r}\n         we say   {self.got!r}"


def kind_of(path: Path, claim: Claim) -> Kind:
    place = f"{path.parent.name}/{path.name} {claim.fact}"
    return next((kind for kind in KINDS if re.search(kind.pattern, place)), UNEXPLAINED)


_SEVERAL = {
    "body",
    "categories",
    "terms",
    "all_categories",
    "files",
    "media",
    "all_files",
    "lengths",
    "types",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("shared", type=Path)
    parser.add_argument("--show", help="print every difference of this kind")
    arguments = parser.parse_args()
    feeds = arguments.shared / "feeds"
    report_dates(feeds / "dates.json")
    report("feedparser", of_feedparser(feeds / "kurtmckee__feedparser"), arguments.show)
    report("gofeed", of_gofeed(feeds / "mmcdole__gofeed"), arguments.show)


def report_dates(path: Path) -> None:
    rows = json.loads(path.read_text("utf-8"))
    wrong = [row["date"] for row in rows if not _is_date_as_expected(row["expected"], read_date(row["date"]))]
    print(f"dates: {len(rows) - len(wrong)} of {len(rows)} as their owners expect", *wrong, sep="\n  ")


def _is_date_as_expected(expected: object, found: datetime | None) -> bool:
    """A list of numbers, "nil", or "parses"."""
    if found is None or expected == "nil":
        return found is None and expected == "nil"
    return expected in ("parses", list(found.timetuple()[:6]))


def report(name: str, expectations: Iterable[Expectation], show: str | None) -> None:
    sums: Counter[str] = Counter()
    differences: list[Difference] = []
    for expectation in expectations:
        found = differing(expectation)
        sums["documents"] += 1
        sums["claims"] += len(expectation.claims)
        sums["without a claim on what we keep"] += not expectation.claims
        sums["agree"] += bool(expectation.claims) and not found
        sums["differ"] += bool(found)
        differences += found
    print(f"\n{name}: " + ", ".join(f"{label} {count}" for label, count in sums.items()))
    by_kind: dict[Kind, list[Difference]] = defaultdict(list)
    for difference in differences:
        by_kind[difference.kind].append(difference)
    for kind, those in sorted(by_kind.items(), key=lambda item: -len(item[1])):
        print(f"  {len({one.path for one in those}):4} {kind.name}: {kind.reason}")
        if kind.name == show or kind is UNEXPLAINED:
            print(*those, sep="\n")


def differing(expectation: Expectation) -> list[Difference]:
    body = expectation.path.read_bytes()
    header = _HEADER.search(body[:2_000])
    content_type = header[1].decode("latin-1").strip() if header else ""
    try:
        feed = parse(body, content_type)
    except ParseError as error:
        return [
            Difference(path=expectation.path, claim=claim, got=str(error), kind=REFUSED)
            for claim in expectation.claims[:1]
        ]
    found = []
    for claim in expectation.claims:
        got = said(feed, claim)
        if not is_same(claim, got):
            found.append(
                Difference(path=expectation.path, claim=claim, got=got, kind=kind_of(expectation.path, claim))
            )
    return found


def parse(body: bytes, content_type: str) -> ParsedFeed:
    """As `parse_feed` does; but entries without guid, link, title and text, which it drops, get a guid."""
    raw = read_document(body, url=URL, content_type=content_type)
    entries = tuple(
        entry if any((entry.guid, *entry.links, entry.title)) else replace(entry, guid=f"{NO_GUID} {place}")
        for place, entry in enumerate(raw.entries)
    )
    return normalize(replace(raw, entries=entries), url=URL, now=NOW)


def said(feed: ParsedFeed, claim: Claim) -> Any:
    if claim.place is None:
        return _of_feed(feed, claim.fact)
    if claim.place >= len(feed.entries):
        return None
    return _of_entry(feed.entries[claim.place], claim)


def _of_feed(feed: ParsedFeed, fact: str) -> Any:
    facts = {
        "title": feed.title,
        "link": feed.site_url,
        "description": feed.description,
        "language": feed.language,
    }
    return facts[fact]


def _of_entry(entry: ParsedEntry, claim: Claim) -> Any:
    details = entry.details
    files = details.enclosures
    match claim.fact:
        case "title":
            return entry.title
        case "link":
            return entry.url
        case "guid":
            return entry.guid
        case "author":
            return entry.author
        case "body":
            return (entry.summary, entry.content)
        case "published":
            return entry.published_at or entry.updated_at
        case "updated":
            return entry.updated_at or entry.published_at
        case "categories" | "terms" | "all_categories":
            return details.categories
        case "files" | "media" | "all_files":
            return tuple(file.url for file in files)
        case "lengths":
            return tuple(file.length_bytes for file in files)
        case "types":
            return tuple(file.type for file in files)
        case "picture":
            return details.image_url
        case "comments":
            return details.comments_url
        case "source_title":
            return details.source_title
        case "source_link":
            return details.source_url
    raise ValueError(claim.fact)


def is_same(claim: Claim, got: Any) -> bool:
    match claim.fact:
        case "guid":
            return bool(got == str(claim.value).strip())
        case _ if isinstance(got, str | None) and claim.fact in _SEVERAL:
            return False  # there is no such entry
        case "body":
            expected = (_read(str(claim.value)), " ".join(str(claim.value).split()))
            return any(_read(text) in expected for text in got)
        case "title" | "description" | "source_title":
            return got is not None and got in (str(claim.value), one_line(str(claim.value), "guess"))
        case "link" | "comments" | "source_link" | "picture":
            return got == web_address(str(claim.value), URL)
        case "author":
            return one_line(str(claim.value), "guess") in (got or "")
        case "published" | "updated":
            return _is_moment(claim.value, got)
        case "language":
            return str(claim.value)[:2].lower() == (got or "")
        case "all_categories" | "all_files":
            return all(one_line(value, "guess") in got for value in claim.value if value)
    return claim.value in got or str(claim.value) in [str(value) for value in got]


def _read(html: str) -> str:
    return " ".join(to_text(clean_html(html, base_url=URL)).split())


def _is_moment(expected: Any, got: datetime | None) -> bool:
    if isinstance(expected, str):
        return got is not None and read_date(expected) == got
    return got is not None and tuple(expected)[:6] == got.timetuple()[:6]


if __name__ == "__main__":
    main()
