"""Around "Lire aussi" on the pages: groups, verdicts, the path back, copies as one row, the thread."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from library import NOW, an_entry, follow, link, publish

from web.trails import MAX_STEPS, Trail, read_trail

if TYPE_CHECKING:
    from webapp import Site


@pytest.fixture
def feeds(site: Site) -> tuple[int, int, int]:
    found = [
        follow(site.database, f"https://{name}.example/feed", title)
        for name, title in (("a", "Le Journal"), ("b", "Libération"), ("c", "France Info"))
    ]
    return found[0], found[1], found[2]


def section(site: Site, address: str, language: str = "en") -> str:
    found = re.search(r'<section id="lire-aussi".*?</section>', site.get(address, language).text, re.DOTALL)
    assert found is not None
    return found[0]


def one_of(site: Site, feed: int, title: str, **more: float) -> int:
    return publish(site.database, feed, an_entry(title, **more))[0]


# ── groups, what is new ──────────────────────────────────────────────────────────────────────────


def test_two_groups_where_both_exist(site: Site, feeds: tuple[int, int, int]) -> None:
    this = one_of(site, feeds[0], "This")
    link(site.database, one_of(site, feeds[0], "Background", days=30), this, score=0.6)
    link(site.database, one_of(site, feeds[1], "The same day", days=0.2), this, score=0.5)
    there = section(site, f"/entries/{this}", "fr")
    assert re.findall(r"<h3>([^<]+)</h3>", there) == ["Le même sujet, ailleurs", "Pour approfondir"]
    assert re.findall(r'data-link="(\d)">([^<]+)<', there) == [("1", "The same day"), ("2", "Background")]


@pytest.mark.parametrize(("feed", "days"), [(0, 30), (1, 0.2)])
def test_one_group_needs_no_heading(site: Site, feeds: tuple[int, int, int], feed: int, days: float) -> None:
    this = one_of(site, feeds[0], "This")
    link(site.database, one_of(site, feeds[feed], "Other", days=days), this)
    assert "<h3>" not in section(site, f"/entries/{this}")


def test_what_arrived_after_it_was_read_is_marked(site: Site, feeds: tuple[int, int, int]) -> None:
    this = one_of(site, feeds[0], "This")
    link(site.database, one_of(site, feeds[1], "There before"), this, score=0.6)
    assert "new since you read this" not in section(site, f"/entries/{this}")
    site.post(f"/entries/{this}/read", read="1")
    (late,) = publish(site.database, feeds[1], an_entry("Later"), now=NOW + timedelta(hours=1))
    link(site.database, late, this)
    there = section(site, f"/entries/{this}", "fr")
    assert there.count("nouveau depuis votre lecture") == 1
    assert there.index("Later") < there.index("nouveau depuis votre lecture")
    site.post(f"/entries/{this}/read", read="0")
    assert "nouveau" not in section(site, f"/entries/{this}", "fr")


# ── verdicts ─────────────────────────────────────────────────────────────────────────────────────


def test_a_link_goes_and_comes_back(site: Site, feeds: tuple[int, int, int]) -> None:
    this, other = one_of(site, feeds[0], "This"), one_of(site, feeds[1], "The <other>")
    link(site.database, this, other)
    answer = site.post(f"/entries/{this}/verdicts", other=other, via="7.8", keep="unread")
    assert answer.status_code == 303
    assert answer.location == f"/entries/{this}?keep=unread&refused={other}&via=7.8#lire-aussi"
    there = section(site, answer.location, "fr")
    assert "«\N{NO-BREAK SPACE}The &lt;other&gt;\N{NO-BREAK SPACE}» ne sera plus proposé" in there
    assert "data-link" not in there
    assert "data-link" not in section(site, f"/entries/{other}")
    answer = site.post(f"/entries/{this}/verdicts/undo", other=other)
    assert answer.location == f"/entries/{this}#lire-aussi"
    assert "data-link" in section(site, f"/entries/{this}?refused={other}")
    assert "ne sera plus" not in section(site, f"/entries/{this}?refused={other}", "fr")


def test_the_list_of_verdicts(site: Site, feeds: tuple[int, int, int]) -> None:
    assert "You have dismissed no link." in site.get("/verdicts").text
    this, other = one_of(site, feeds[0], "This"), one_of(site, feeds[1], "Other")
    link(site.database, this, other)
    site.post(f"/entries/{this}/verdicts", other=other)
    page = site.get("/verdicts", "fr").text
    assert "<h1>Liens écartés</h1>" in page
    assert f'href="/entries/{this}">This</a>' in page
    assert f'href="/entries/{other}">Other</a>' in page
    assert site.post(f"/entries/{other}/verdicts/undo", other=this, list="1").location == "/verdicts"
    assert "data-link" in section(site, f"/entries/{this}")


def test_a_verdict_on_what_is_not_followed_tells_nothing(site: Site, feeds: tuple[int, int, int]) -> None:
    this, other = one_of(site, feeds[0], "This"), one_of(site, feeds[1], "Secret")
    site.post(f"/feeds/{feeds[1]}/remove")
    answer = site.post(f"/entries/{this}/verdicts", other=other)
    assert answer.status_code == 404
    for address in (f"/entries/{this}?refused={other}&via={other}", f"/entries/{this}/thread", "/verdicts"):
        assert "Secret" not in site.get(address).text
    assert site.get(f"/entries/{other}/thread").status_code == 404
    assert site.post(f"/entries/{other}/copies/unread").status_code == 404


@pytest.mark.parametrize("other", [None, "", "x", "-1", "9" * 12])
def test_a_verdict_names_another_entry(site: Site, feeds: tuple[int, int, int], other: str | None) -> None:
    this = one_of(site, feeds[0], "This")
    fields = {} if other is None else {"other": other}
    for address in ("verdicts", "verdicts/undo"):
        assert site.post(f"/entries/{this}/{address}", **fields).status_code == 400


# ── the path ─────────────────────────────────────────────────────────────────────────────────────


def test_the_path_leads_back_along_the_links(site: Site, feeds: tuple[int, int, int]) -> None:
    one, two, three = (one_of(site, feeds[0], f"Step {n}") for n in "123")
    link(site.database, two, one)
    link(site.database, three, two)
    assert 'class="trail"' not in site.get(f"/entries/{one}").text
    assert f'href="/entries/{three}?via={one}.{two}"' in section(site, f"/entries/{two}?via={one}")
    page = site.get(f"/entries/{three}?via={one}.{two}", "fr").text
    assert f'data-back href="/entries/{two}?via={one}"><span aria-hidden="true">←</span> Retour</a>' in page
    assert f'<a href="/entries/{one}">Step 1</a>' in page
    # What a form does leaves one on the path.
    assert site.post(f"/entries/{three}/star", starred="1", via=f"{one}.{two}").location.endswith(
        f"?via={one}.{two}"
    )
    # A circle is cut.
    assert f'href="/entries/{two}?via={one}"' in section(site, f"/entries/{three}?via={one}.{two}")


@pytest.mark.parametrize(
    ("text", "steps"),
    [("", ()), ("3.7", (3, 7)), ("3.x.7.3", (3, 7)), ("0.-1.99999999999", ()), ("1" * 300, ())],
)
def test_whatever_the_address_holds_is_a_path(text: str, steps: tuple[int, ...]) -> None:
    assert read_trail({"via": text}).steps == steps


def test_the_path_is_bounded() -> None:
    trail = Trail()
    for step in range(1, 40):
        trail = trail.on(step, step + 1)
    assert trail.steps == tuple(range(40 - MAX_STEPS, 40))
    assert len(read_trail({"via": ".".join(map(str, range(1, 60)))}).steps) == MAX_STEPS


# ── copies ───────────────────────────────────────────────────────────────────────────────────────


def copies(site: Site, feeds: tuple[int, int, int]) -> list[int]:
    found = [one_of(site, feed, f"La dépêche {n}", days=n / 10) for n, feed in enumerate(feeds)]
    for place, one in enumerate(found):
        for other in found[place + 1 :]:
            link(site.database, other, one, same_text=True)
    return found


def rows(page: str) -> list[str]:
    return re.findall(r'<span class="words"><a href="/entries/\d+[^"]*">([^<]+)</a>', page)


def test_copies_take_one_row(site: Site, feeds: tuple[int, int, int]) -> None:
    copies(site, feeds)
    one_of(site, feeds[0], "Another", days=1)
    for address in ("/", "/?view=all"):
        page = site.get(address, "fr").text
        assert rows(page) == ["La dépêche 0", "Another"]
        assert "Aussi publié par Libération, France Info</summary>" in page
    page = site.get(f"/feeds/{feeds[1]}").text
    assert "La dépêche 1" in page
    assert "Also published by Le Journal, France Info</summary>" in page


def test_copies_beyond_the_page_take_no_row(site: Site, feeds: tuple[int, int, int]) -> None:
    new = one_of(site, feeds[0], "New")
    publish(site.database, feeds[0], *(an_entry(f"Between {n}", days=1 + n / 100) for n in range(60)))
    link(site.database, one_of(site, feeds[1], "Old", days=9), new, same_text=True)
    first = site.get("/").text
    assert "Also published by Libération" in first
    more = re.search(r'href="(/\?before=[^"]+)"', first)
    assert more is not None
    last = site.get(more[1]).text
    assert rows(last)[-1] == "Between 59"
    assert "Old" not in last


def test_reading_one_marks_the_others_and_says_so(site: Site, feeds: tuple[int, int, int]) -> None:
    one, two, three = copies(site, feeds)
    assert 'class="read-with"' in section(site, f"/entries/{one}")
    assert " hidden>" in section(site, f"/entries/{one}")
    site.post(f"/entries/{one}/read", read="1")
    assert rows(site.get("/").text) == []
    there = section(site, f"/entries/{one}", "fr")
    assert "Marqué comme lu avec cet article\N{NO-BREAK SPACE}: Libération, France Info" in there
    assert " hidden>" not in there
    answer = site.post(f"/entries/{one}/copies/unread")
    assert answer.location == f"/entries/{one}#lire-aussi"
    assert "read-with" not in section(site, answer.location)
    page = site.get("/").text
    assert rows(page) == ["La dépêche 1"]
    assert f'href="/entries/{two}"' in page
    assert f'href="/entries/{three}"' in page


# ── the thread ───────────────────────────────────────────────────────────────────────────────────


def test_a_story_of_four_has_a_thread(site: Site, feeds: tuple[int, int, int]) -> None:
    found = [one_of(site, feeds[n % 3], f"Report {n}", days=4 - n) for n in range(4)]
    for other in found[:2]:
        link(site.database, found[3], other, confidence=0.8)
    assert "thread" not in section(site, f"/entries/{found[3]}")
    link(site.database, found[3], found[2], confidence=0.8)
    there = section(site, f"/entries/{found[3]}", "fr")
    assert f'href="/entries/{found[3]}/thread">Le fil de cette histoire</a>' in there
    page = site.get(f"/entries/{found[3]}/thread", "fr").text
    assert re.findall(r">(Report \d)</a>", page) == ["Report 0", "Report 1", "Report 2", "Report 3"]
    assert 'aria-current="true">Report 3' in page
    assert page.index("premier article") < page.index("Report 1")
    assert page.index("Report 3") < page.index("le plus récent")
