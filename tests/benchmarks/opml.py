"""OPML files beside another reader, and the speed of a large one: `python tests/benchmarks/opml.py [FOLDER]`.

Of every file below FOLDER: the addresses that stand in an xmlUrl, those that we find and those that
listparser finds; each difference is printed with its reason. The same of files that are damaged as people's
are. Then what a file of 5,000 feeds costs to parse and to import through the page, and that listparser, and
newsboat where it is installed, read from our export what we wrote.
"""

from __future__ import annotations

import argparse
import html
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import listparser

sys.path.insert(0, str(Path(__file__).parents[1]))
from webapp import make_site

from aggregator.domain import Outline
from aggregator.errors import OpmlError
from aggregator.feeds.charsets import decode
from aggregator.feeds.opml import parse_opml, write_opml

if TYPE_CHECKING:
    from collections.abc import Iterable

_WRITTEN = re.compile(r"""(?is)\bxmlUrl\s*=\s*(?:"([^"<>]*)"|'([^'<>]*)')""")
_COMMENT = re.compile(r"(?s)<!--.*?-->")
_SCHEME = re.compile(r"(?i)(?:https?|feed):")
MANY = 5_000
PER_DAMAGE = 200
DAMAGES = {
    "bare ampersand": '<outline text="A {n}" xmlUrl="{url}" type="rss" />',
    "raw quotes": '<outline text="A {n}" description="The "best" of {n}" xmlUrl="{url}" type="rss" />',
    "raw tags": '<outline text="<b>A</b>" description="<a href="https://x.example/">x</a>" xmlUrl="{url}"/>',
    "quotes after": '<outline xmlUrl="{url}" text="A "{n}" B" title="A "{n}" B" type="rss"/>',
    "quote at the end": '<outline text="A "{n}"" xmlUrl="{url}" htmlUrl="https://x.example/"/>',
    "less than": '<outline text="{n} < 5 & more" xmlUrl="{url}"/>',
    "attribute twice": '<outline text="A" text="B" xmlUrl="{url}" xmlUrl="{url}"/>',
    "no space between": '<outline text="A"title="A"xmlUrl="{url}"/>',
    "no quotes": "<outline text=A xmlUrl={url} />",
    "not closed": '<outline text="A {n}" xmlUrl="{url}">',
    "closed twice": '<outline text="A {n}" xmlUrl="{url}"/></outline>',
    "control character": '<outline text="A \x0b\x01 {n}" xmlUrl="{url}"/>',
    "unknown entity": '<outline text="A &nbsp; &eacute; &nosuch; &#0;" xmlUrl="{url}"/>',
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The addresses of one file, each once."""

    name: str
    well_formed: bool
    is_opml: bool
    refused: str
    outlines: int
    written: frozenset[str]
    ours: frozenset[str]
    theirs: frozenset[str]


def read(path: Path) -> Reading:
    data = path.read_bytes()
    text = _COMMENT.sub("", decode(data))
    outlines, refused = (), ""
    try:
        outlines = parse_opml(data)
    except OpmlError as error:
        refused = error.reason
    theirs = listparser.parse(data)
    return Reading(
        name=path.name,
        well_formed=_is_well_formed(data),
        is_opml=re.search("<(opml|outline)", text, re.IGNORECASE) is not None,
        refused=refused,
        outlines=len(outlines),
        written=_addresses(html.unescape(one or two) for one, two in _WRITTEN.findall(text)),
        ours=_addresses(outline.url for outline in outlines),
        theirs=_addresses(feed["url"] for feed in theirs["feeds"]),
    )


def _is_well_formed(data: bytes) -> bool:
    from lxml import etree

    try:
        etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True))
    except (etree.XMLSyntaxError, ValueError):
        return False
    return True


def _addresses(urls: Iterable[str]) -> frozenset[str]:
    """White space within, as from a line that was broken, does not make another address."""
    return frozenset(filter(None, (" ".join(url.split()) for url in urls)))


def why_only_theirs(reading: Reading, url: str) -> str:
    if not reading.is_opml:
        return "the file is no OPML (listparser reads RDF and FOAF lists too)"
    if url not in reading.written:
        return "it stands in no xmlUrl (listparser mends the address, or takes another attribute)"
    return "OURS TO MEND"


def why_only_ours(reading: Reading, url: str) -> str:
    if not _SCHEME.match(url):
        return "it is no web address: found to be refused by name"
    if not reading.theirs:
        return "listparser finds nothing in this file"
    if url in reading.written:
        return "listparser misses it"
    return "NOT AS WRITTEN"


def compare(folder: Path) -> None:
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".opml", ".xml"))
    started = time.process_time()
    readings = [read(path) for path in files]
    print(f"{len(files)} files, {time.process_time() - started:.1f} CPU s with listparser")
    refused = Counter(reading.refused for reading in readings if reading.refused)
    print("refused whole:", ", ".join(f"{code} {count}" for code, count in refused.items()) or "none")
    for name, kind in (("well-formed", True), ("ill-formed", False)):
        some = [reading for reading in readings if reading.well_formed is kind]
        written = sum(len(reading.written) for reading in some)
        ours = sum(len(reading.written & reading.ours) for reading in some)
        theirs = sum(len(reading.written & reading.theirs) for reading in some)
        outlines = sum(reading.outlines for reading in some)
        print(
            f"{name}: {len(some)} files, {outlines} outlines; of {written} addresses written we find {ours},"
        )
        print(f"  listparser {theirs}")
    show("listparser alone", ((r, u, why_only_theirs(r, u)) for r in readings for u in r.theirs - r.ours))
    show("we alone", ((r, u, why_only_ours(r, u)) for r in readings for u in r.ours - r.theirs))
    show("neither", ((r, u, "LOST") for r in readings for u in r.written - r.ours - r.theirs))


def damage(folder: Path) -> None:
    """Files damaged as the most used public collection is, and worse: how many addresses come back."""
    folder.mkdir()
    for name, line in DAMAGES.items():
        feeds = "\n".join(
            line.format(url=f"https://site{number}.example/feed?a=1&b={number}", n=number)
            for number in range(PER_DAMAGE)
        )
        head = "<?xml version='1.0' encoding='UTF-8' ?>\n<opml version=\"1.0\"><body><outline text=\"F\">"
        text = f"{head}\n{feeds}\n</outline></body></opml>"
        (folder / f"{name}.opml").write_text(text, encoding="utf-8")
    print(f"\ndamaged on purpose: {len(DAMAGES)} files of {PER_DAMAGE} feeds")
    for path in sorted(folder.iterdir()):
        wanted = {f"https://site{number}.example/feed?a=1&b={number}" for number in range(PER_DAMAGE)}
        reading = read(path)
        ours, theirs = len(wanted & reading.ours), len(wanted & reading.theirs)
        print(f"  {path.stem}: ours {ours}, listparser {theirs}, of {PER_DAMAGE}")


def show(title: str, found: Iterable[tuple[Reading, str, str]]) -> None:
    listed = sorted(found, key=lambda row: (row[2], row[0].name, row[1]))
    print(f"\n{title}: {len(listed)}")
    for why, count in Counter(why for _, _, why in listed).items():
        print(f"  {count} × {why}")
        for reading, url, _ in [row for row in listed if row[2] == why][:8]:
            print(f"      {reading.name}: {url[:90]!r}")


def many() -> tuple[Outline, ...]:
    return tuple(
        Outline(
            url=f"https://site{number}.example/feed.xml?a=1&b=2",
            title=f"Le journal n° {number}",
            site_url=f"https://site{number}.example/",
            category=(f"Dossier {number // 100}", f"Rayon {number // 20}"),
        )
        for number in range(MANY)
    )


def speed(data: bytes) -> None:
    ill_formed = data.replace(b"&amp;", b"&").replace(b'text="Le journal', b'text="Le "journal"')
    for name, document in (("as exported", data), ("ill-formed", ill_formed)):
        started = time.process_time()
        count = len(parse_opml(document))
        print(f"{count} feeds {name}, {len(document):,} bytes: {time.process_time() - started:.2f} CPU s")
    with tempfile.TemporaryDirectory() as folder:
        site = make_site(Path(folder))
        with site.documents, site.database:
            for action in ("preview", "import", "import"):
                token = site.token()
                file = (BytesIO(data), "feeds.opml")
                started, used = time.monotonic(), time.process_time()
                answer = site.client.post(
                    "/import", data={"csrf_token": token, "action": action, "file": file}
                )
                spent, used = time.monotonic() - started, time.process_time() - used
                sums = re.findall(r"<dd>(.*?)</dd>", site.get(answer.location).text)
                print(f"POST {action}: {answer.status_code} in {spent:.2f} s ({used:.2f} CPU) {sums}")


def check_export(data: bytes, outlines: tuple[Outline, ...]) -> None:
    theirs = [feed["url"] for feed in listparser.parse(data)["feeds"]]
    print(f"export: listparser reads {len(theirs)}, the same: {theirs == [o.url for o in outlines]}")
    newsboat = shutil.which("newsboat")
    if newsboat is None:
        print("export: newsboat is not installed")
        return
    with tempfile.TemporaryDirectory() as folder:
        file, urls = Path(folder, "feeds.opml"), Path(folder, "urls")
        file.write_bytes(data)
        urls.touch()
        command = [newsboat, "-u", str(urls), "-c", str(Path(folder, "cache")), "-i", str(file)]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
        read_back = {line.split()[0] for line in urls.read_text().splitlines() if line.strip()}
    print(f"export: newsboat reads {len(read_back)}, the same: {read_back == {o.url for o in outlines}}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, nargs="?")
    folder = parser.parse_args().folder
    if folder is not None:
        compare(folder)
    with tempfile.TemporaryDirectory() as damaged:
        damage(Path(damaged, "damaged"))
    print()
    outlines = many()
    data = write_opml(outlines, title="Many", created_at=datetime.now(UTC))
    speed(data)
    check_export(data, outlines)


if __name__ == "__main__":
    main()
