"""What was wrong with an address, in the words of the reader's language."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from feedserver import FeedServer, Response

from web.reasons import ADVICE, REASONS, find_reason

if TYPE_CHECKING:
    from webapp import Site

AGGREGATOR = Path(__file__).parents[2] / "aggregator"


ANSWERS = [
    (Response(body=b"\x89PNG\r\n"), "it is an image", "c’est une image"),
    (Response(body=b"%PDF-1.7"), "it is a PDF file", "c’est un fichier PDF"),
    (Response(body=b""), "the document is empty", "le document est vide"),
    (Response(body=b"{}"), "it is JSON, but no JSON Feed", "c’est du JSON, mais pas un JSON Feed"),
    (Response(body=b"<opml/>"), "it is a list of feeds (OPML)", "c’est une liste de flux (OPML)"),
    (Response(body=b"<thing/>"), "it is something else", "c’est autre chose"),
    (Response(status=404), "answers with the error 404", "répond par l’erreur 404"),
    (Response(status=301), "without saying where to", "sans dire où"),
    (
        Response(status=301, headers={"Location": "http://10.0.0.1/"}),
        "10.0.0.1 is not on the public Internet",
        "10.0.0.1 n’est pas sur l’Internet public",
    ),
]


def test_what_is_wrong_is_told_in_both_languages(site: Site) -> None:
    with FeedServer({f"/{number}": answer for number, (answer, _, _) in enumerate(ANSWERS)}) as server:
        for number, (_, english, french) in enumerate(ANSWERS):
            for language, words in (("en", english), ("fr", french)):
                refused = site.post("/feeds", url=server.url(f"/{number}"), language=language)
                assert refused.status_code == 422
                assert words in refused.text


def test_every_code_that_an_error_gives_has_words() -> None:
    """Codes are literals where errors are raised; one without words would say nothing on a page."""
    given = set()
    for file in AGGREGATOR.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                if name in ("because", "reason_of", "_trouble", "Trouble"):
                    given.add(node.args[0].value)
    given -= {""}
    assert len(given) > 15
    assert given <= REASONS.keys()
    assert ADVICE.keys() <= REASONS.keys()


@pytest.mark.parametrize("kept", ["", None, "unknown", "dns", "port?wrong=1", "?", "dns?name"])
def test_a_reason_that_another_version_kept_says_nothing(kept: str | None) -> None:
    assert find_reason(kept) == ("", "")


def test_reasons_are_parts_of_a_sentence(site: Site) -> None:
    with site.app.test_request_context():
        for code, words in REASONS.items():
            assert not re.search(r"[.!?]$", str(words)), code
        assert all(str(words).endswith(".") for words in ADVICE.values())


@pytest.mark.parametrize(
    ("code", "english", "french"),
    [
        ("stopped?seconds=10", "reading it took more than 10 s", "sa lecture a pris plus de 10"),
        ("too-much-memory", "reading it took too much memory", "sa lecture a pris trop de mémoire"),
        ("process-ended", "reading it brought down the process", "sa lecture a fait tomber le processus"),
    ],
)
def test_what_was_stopped_is_told_in_both_languages(site: Site, code: str, english: str, french: str) -> None:
    for language, words in (("en", english), ("fr", french)):
        with site.app.test_request_context(headers={"Accept-Language": language}):
            assert words in find_reason(code)[0]
