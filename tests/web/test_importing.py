"""OPML in and out of the pages."""

from __future__ import annotations

import base64
import io
import re
from typing import TYPE_CHECKING

from library import follow

from aggregator.feeds.opml import MAX_BYTES, parse_opml
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
    assert "It does not begin with http:// or https://." in answer.text
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
    assert "Elle ne commence pas par http:// ou https://." in page


def test_what_is_no_opml_is_told_in_a_sentence(site: Site) -> None:
    for document in (b"not XML at all", b"<html><body>A page</body></html>"):
        answer = send(site, document)
        assert answer.status_code == 422
        assert "This file is no list of feeds." in answer.text
    assert site.refreshes == []


def test_a_list_above_its_limit_says_so(site: Site) -> None:
    document = base64.b64encode(b"<opml><body>" + b" " * MAX_BYTES).decode()
    answer = site.post("/import", document=document, action="import")
    assert answer.status_code == 422
    assert "The reason: it is too large." in answer.text


def test_no_file(site: Site) -> None:
    for name in ("", "empty.opml"):
        answer = site.post("/import", action="import", file=(io.BytesIO(b""), name))
        assert answer.status_code == 422
        assert "Choose a file first." in answer.text


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
