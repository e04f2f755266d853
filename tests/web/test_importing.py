"""OPML in and out of the pages."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

import pytest
from library import follow

from aggregator.feeds.opml import MAX_BYTES, MAX_OUTLINES, parse_opml
from web import MAX_UPLOAD_BYTES

if TYPE_CHECKING:
    from webapp import Site
    from werkzeug.test import TestResponse

OPML = b"""<opml version="2.0"><body>
<outline text="Presse"><outline text="One" xmlUrl="https://one.example/rss"/>
<outline text="Two" xmlUrl="https://two.example/rss"/></outline>
<outline text="There" xmlUrl="https://there.example/rss"/>
<outline text="Script" xmlUrl="|~/script.py"/>
<outline text="Private" xmlUrl="https://me:secret@three.example/rss"/>
</body></opml>"""


def send(site: Site, document: bytes, action: str = "import", language: str = "en") -> TestResponse:
    file = (io.BytesIO(document), "feeds.opml")
    return site.post("/import", file=file, action=action, language=language)


def sums(page: str) -> list[str]:
    return re.findall(r"<dd>(\d+)</dd>", page)


def test_an_import_accounts_for_every_line(site: Site) -> None:
    follow(site.database, "https://there.example/rss", "There")
    answer = send(site, OPML)
    assert answer.status_code == 200
    assert sums(answer.text) == ["2", "1", "2"]
    assert "The address does not begin with http:// or https://." in answer.text
    assert "secret" not in answer.text
    assert "The 2 new feeds are now being fetched." in answer.text
    assert site.refreshes == [False]
    page = site.get("/feeds").text
    assert "Presse" in page
    assert "One" in page


def test_importing_twice_adds_nothing(site: Site) -> None:
    send(site, OPML)
    assert sums(send(site, OPML).text) == ["0", "3", "2"]
    assert site.refreshes == [False]


def test_a_preview_adds_nothing_and_can_be_confirmed(site: Site) -> None:
    answer = send(site, OPML, "preview")
    assert "3 feeds would be added, 2 would be refused." in re.sub(r"\s+", " ", answer.text)
    assert "https://one.example/rss" in answer.text
    assert "You follow no feed yet." in site.get("/feeds").text
    document = re.search(r'name="document" value="([^"]+)"', answer.text)
    assert document is not None
    answer = site.post("/import", document=document[1], action="import")
    assert sums(answer.text) == ["3", "0", "2"]


def test_a_report_in_french(site: Site) -> None:
    page = send(site, OPML, language="fr").text
    assert "Importation terminée" in page
    assert "L’adresse ne commence pas par http:// ou https://." in page


@pytest.mark.parametrize("action", ["import", "preview"])
@pytest.mark.parametrize(
    ("document", "english", "french"),
    [
        (b"", "it is empty.", "il est vide."),
        (b"PK\3\4", "it is a compressed archive; unpack it", "c’est une archive compressée"),
        (b"<html><body>A page</body></html>", "it is a web page,", "c’est une page web,"),
        (b"<rss/>", "it is a feed,", "c’est un flux,"),
        (b"<other/>", "it holds no list of feeds.", "il ne contient aucune liste de flux."),
        (b"not XML at all", "it is no OPML file,", "ce n’est pas un fichier OPML,"),
        (
            b"<opml>" + b'<outline xmlUrl="u"/>' * (MAX_OUTLINES + 1) + b"</opml>",
            "it holds more than 100,000 feeds.",
            "il contient plus de 100\N{NARROW NO-BREAK SPACE}000 flux.",
        ),
        (b" " * (MAX_BYTES + 1), "it is larger than 20 MB.", "il dépasse 20\N{NO-BREAK SPACE}Mo."),
    ],
)
def test_what_is_no_opml_is_told_with_its_reason(
    site: Site, document: bytes, english: str, french: str, action: str
) -> None:
    for language, sentence in (
        ("en", f"This file cannot be imported. The reason: {english}"),
        ("fr", f"Ce fichier ne peut pas être importé. La raison\N{NO-BREAK SPACE}: {french}"),
    ):
        answer = send(site, document, action, language)
        assert answer.status_code == 422
        assert sentence in answer.text
    assert site.refreshes == []


def test_no_file(site: Site) -> None:
    answer = site.post("/import", action="import", file=(io.BytesIO(b""), ""))
    assert answer.status_code == 422
    assert "Choose a file first." in answer.text


@pytest.mark.parametrize("action", ["import", "preview"])
def test_a_list_without_feeds_says_so(site: Site, action: str) -> None:
    answer = send(site, b"<opml><body/></opml>", action)
    assert answer.status_code == 200
    assert "This file holds no feed." in answer.text
    assert "0" not in re.findall(r"<dd>(.*?)</dd>", answer.text)
    assert "Ce fichier ne contient aucun flux." in send(site, b"<opml><body/></opml>", action, "fr").text


def test_a_large_list_can_be_looked_at_and_then_imported(site: Site) -> None:
    document = b'<opml><body><outline xmlUrl="https://a.example/"/></body></opml>' + b" " * 16_000_000
    shown = re.search(r'name="document" value="([^"]+)"', send(site, document, "preview").text)
    assert shown is not None
    assert sums(site.post("/import", document=shown[1], action="import").text) == ["1", "0", "0"]


def test_a_name_without_address_is_refused(site: Site) -> None:
    answer = send(site, b'<opml><body><outline text="Lost"/></body></opml>')
    assert sums(answer.text) == ["0", "0", "1"]
    assert "The address is missing." in answer.text


def test_a_preview_that_comes_back_damaged(site: Site) -> None:
    for document in ("!!!", "é", "abc"):
        assert site.post("/import", document=document, action="import").status_code == 400


def test_a_file_above_the_limit_is_refused_in_a_sentence(site: Site) -> None:
    answer = site.client.post(
        "/import",
        data=b"x" * (MAX_UPLOAD_BYTES + 1),
        content_type="multipart/form-data; boundary=x",
        headers={"Accept-Language": "fr"},
    )
    assert answer.status_code == 413
    assert "Ce fichier est trop volumineux" in answer.text
    assert "20\N{NO-BREAK SPACE}Mo" in answer.text


def test_hostile_names_are_only_text(site: Site) -> None:
    evil = b"&lt;script&gt;alert(1)&lt;/script&gt;"
    outlines = b'<outline text="%s" xmlUrl="https://e.example/"/><outline text="%s" xmlUrl="javascript:%s"/>'
    for action in ("preview", "import"):
        page = send(site, b"<opml><body>" + outlines % (evil, evil, evil) + b"</body></opml>", action).text
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)" in page


def test_export_is_a_file_that_holds_every_feed(site: Site) -> None:
    follow(site.database, "https://a.example/rss", "Été & <co>", category=("Presse", "Ici"))
    answer = site.get("/export.opml")
    assert answer.status_code == 200
    assert answer.content_type == "text/x-opml; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="lire-aussi-2026-11-24.opml"'
    (outline,) = parse_opml(answer.data)
    assert (outline.url, outline.title, outline.category) == (
        "https://a.example/rss",
        "Été & <co>",
        ("Presse", "Ici"),
    )
