"""OPML in and out of the pages."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from feedserver import FeedServer, Response
from library import NOW, follow

from aggregator.domain import Schedule, Validators
from aggregator.errors import BadStatus, NotFound
from aggregator.feeds.opml import MAX_BYTES, MAX_OUTLINES, parse_opml
from aggregator.policies import PeoplePolicy
from aggregator.storage import feeds, importjobs, subscriptions, users
from aggregator.storage.wantedtexts import want_always
from web import MAX_UPLOAD_BYTES
from web.importing import MOST_TICKS
from web.services import EXTENSION

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


RSS = b"<rss version='2.0'><channel><title>Found</title></channel></rss>"


def send(site: Site, document: bytes, action: str = "import", language: str = "en") -> TestResponse:
    """The page of the job, or the form again."""
    file = (io.BytesIO(document), "feeds.opml")
    answer = site.post("/import", file=file, action=action, language=language)
    return site.get(answer.location, language) if answer.status_code == 303 else answer


def ticks(page: str) -> dict[str, list[str]]:
    """The boxes of a preview, as they stand."""
    return {
        name: re.findall(rf'name="{name}" value="(\d+)" checked', page) for name in ("category", "outline")
    }


def confirm(site: Site, answer: TestResponse, **chosen: object) -> TestResponse:
    """Send the form of a preview."""
    there = answer.request.path
    assert site.post(there, **ticks(answer.text) | chosen).location == there
    return site.get(there)


def sums(page: str) -> list[str]:
    return re.findall(r"<dd>(\d+)</dd>", page)


def test_an_import_accounts_for_every_line(site: Site) -> None:
    follow(site.database, "https://there.example/rss", "There")
    answer = send(site, OPML)
    assert answer.status_code == 200
    assert sums(answer.text) == ["2", "1", "2"]
    assert "The address does not begin with http:// or https://." in answer.text
    assert "secret" not in answer.text
    assert "Your feeds are being fetched" in answer.text
    assert "0 of 2 fetched" in answer.text
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
    assert site.refreshes == []
    assert sums(confirm(site, answer).text) == ["3", "0", "2"]
    assert site.refreshes == [False]


def test_a_report_in_french(site: Site) -> None:
    page = send(site, OPML, language="fr").text
    assert "Vos flux sont en cours de récupération" in page
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
    assert sums(confirm(site, send(site, document, "preview")).text) == ["1", "0", "0"]


def test_a_name_without_address_is_refused(site: Site) -> None:
    answer = send(site, b'<opml><body><outline text="Lost"/></body></opml>')
    assert sums(answer.text) == ["0", "0", "1"]
    assert "The address is missing." in answer.text


def test_only_what_is_ticked_is_imported(site: Site) -> None:
    answer = send(site, OPML, "preview")
    presse = re.search(r'value="(\d+)" checked> <span id="folder-\d+">Presse<', answer.text)
    two = re.search(r'name="outline" value="(\d+)" checked> <span>Two ', answer.text)
    assert presse is not None
    assert two is not None
    boxes = ticks(answer.text)["outline"]
    boxes.remove(two[1])
    answer = confirm(site, answer, category=[presse[1]], outline=boxes)
    assert sums(answer.text) == ["1", "0", "2", "2"]
    assert "Left out" in answer.text
    assert re.findall(r'href="/feeds/\d+">(\w+)</a>', site.get("/feeds").text) == ["One"]
    assert sums(confirm(site, answer, category=["0", "1"]).text) == ["1", "0", "2", "2"]  # it is done


def test_a_long_list_is_chosen_by_category(site: Site) -> None:
    line = '<outline text="F{0}" xmlUrl="https://f{0}.example/"/>'
    lines = "".join(line.format(number) for number in range(MOST_TICKS))
    document = f'<opml><body>{line.format("x")}<outline text="Many">{lines}</outline></body></opml>'
    answer = send(site, document.encode(), "preview")
    assert ticks(answer.text)["outline"] == []
    assert len(answer.text) < 20_000
    assert f"0 of {MOST_TICKS:,} fetched" in confirm(site, answer, category=["1"]).text


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


# ── the page of a job ────────────────────────────────────────────────────────────────────────────


def outline_of(page: str, title: str) -> str:
    """Where the form of an outline in trouble is sent."""
    found = re.search(rf'<strong>{title}</strong>.*?action="(/imports/\d+/outlines/\d+)"', page, re.DOTALL)
    assert found is not None
    return found[1]


def checked(site: Site, url: str, *, fails: bool = False) -> None:
    with site.database.write() as connection:
        found = subscriptions.find_by_url(connection, 1, url)
        assert found is not None
        schedule = Schedule(checked_at=NOW, next_fetch_at=NOW, interval=timedelta(hours=1))
        if fails:
            feeds.record_failure(connection, found.feed.id, schedule, BadStatus(url, "it answers 500"))
        else:
            feeds.record_success(connection, found.feed.id, schedule, validators=Validators(), body_hash="x")


def test_the_page_of_a_job_says_how_far_fetching_is_and_stays(site: Site) -> None:
    send(site, OPML)
    first = site.get("/imports/1/events")
    assert first.content_type == "text/event-stream; charset=utf-8"
    assert first.text.startswith("retry: 2000\ndata: ")
    assert "0 of 3 fetched" in first.text
    assert "event: done" not in first.text
    assert all(line.startswith(("data: ", "retry: ")) for line in first.text.strip().splitlines())
    checked(site, "https://one.example/rss")
    checked(site, "https://two.example/rss", fails=True)
    assert "2 of 3 fetched" in site.get("/imports/1/events").text
    checked(site, "https://there.example/rss")
    last = site.get("/imports/1/events").text
    assert "event: done" in last
    assert "1 feed failed" in last
    page = site.get("/imports/1").text
    assert "Import finished" in page
    assert "The server answers, but does not give the document." in page
    assert 'href="/imports/1"' in site.get("/import").text


def test_a_refused_outline_can_be_given_another_address(site: Site) -> None:
    with FeedServer({"/feed": Response(body=RSS)}) as server:
        page = send(site, OPML).text
        path = outline_of(page, "Script")
        assert site.post(path, url="nowhere").status_code == 422
        assert site.post(path, url=server.url("/feed")).status_code == 303
    page = site.get("/imports/1").text
    assert sums(page) == ["4", "0", "1"]
    assert "Script" not in page.split('id="problems"')[1].split("What was added")[0]


def test_a_failing_feed_can_be_tried_again_and_replaced(site: Site) -> None:
    send(site, OPML)
    checked(site, "https://one.example/rss", fails=True)
    path = outline_of(site.get("/imports/1").text, "One")
    site.refreshes.clear()
    assert site.post(path, url="https://one.example/rss").status_code == 303
    assert site.refreshes == [False]
    with site.database.write() as connection:
        (old,) = (
            one.feed.id for one in subscriptions.list_subscriptions(connection, 1) if one.title == "One"
        )
        subscriptions.arrange(connection, 1, old, title="Mine", category=("Presse",))
        want_always(connection, 1, old, since=NOW)
    with FeedServer({"/feed": Response(body=RSS)}) as server:
        assert site.post(path, url=server.url("/feed")).status_code == 303
        with site.database.read() as connection:
            followed = {one.feed.url: one for one in subscriptions.list_subscriptions(connection, 1)}
    assert "https://one.example/rss" not in followed
    new = followed[server.url("/feed")]
    assert (new.title, new.category, new.full_text_since) == ("Mine", ("Presse",), NOW)


def test_a_job_is_its_persons_alone(site: Site) -> None:
    send(site, OPML)
    with site.database.write() as connection:
        other = users.add_user(connection, "ana", role="reader", password_hash="x", now=NOW)
        with pytest.raises(NotFound):
            importjobs.get_job(connection, other, 1)
        assert importjobs.list_jobs(connection, other) == ()


def test_the_last_jobs_are_kept(site: Site) -> None:
    for _ in range(12):
        send(site, OPML, "preview")
    with site.database.read() as connection:
        assert [job.id for job in importjobs.list_jobs(connection, 1)] == list(range(12, 2, -1))


# ── as many as a person may follow ───────────────────────────────────────────────────────────────


def allow(site: Site, most: int) -> None:
    given = site.app.extensions[EXTENSION]
    site.app.extensions[EXTENSION] = replace(given, people=PeoplePolicy(feeds=most))


def test_an_import_stops_at_the_quota_and_says_so(site: Site) -> None:
    allow(site, 2)
    page = send(site, OPML).text
    assert sums(page) == ["2", "0", "3"]
    assert "You may follow 2 feeds." in page


def test_the_starter_list_stops_at_the_quota(site: Site) -> None:
    allow(site, 2)
    page = site.get("/").text
    site.post("/starter", feed=re.findall(r'name="feed" value="([^"]+)"', page))
    page = site.get("/").text
    assert "You now follow 2 feeds." in page
    assert "You may follow 2 feeds." in page


def test_what_was_removed_comes_back_within_the_quota(site: Site) -> None:
    ids = [follow(site.database, f"https://{name}.example/", name) for name in "abc"]
    site.post("/feeds/several", do="remove", feed=[str(ids[0]), str(ids[1])])
    button = re.search(r'name="removal" value="([^"]+)"', site.get("/feeds").text)
    assert button is not None
    for most, said in ((1, "You follow 0 feeds again."), (2, "You follow “a” again.")):
        allow(site, most)
        site.post("/feeds/undo-removal", removal=button[1])
        page = site.get("/feeds").text
        assert said in page
        assert f"You may follow {most} feeds." in page
    allow(site, 3)
    site.post("/feeds/undo-removal", removal=button[1])
    page = site.get("/feeds").text
    assert "You follow “b” again." in page
    assert "You may follow" not in page


# ── export ───────────────────────────────────────────────────────────────────────────────────────


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
