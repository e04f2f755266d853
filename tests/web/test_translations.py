"""The French catalogue says everything that the pages say, and in French typography."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

from web.translations.build import compile_catalogues

if TYPE_CHECKING:
    from babel.messages.catalog import Catalog, Message

WEB = Path(__file__).parents[2] / "web"
FRENCH = WEB / "translations" / "fr" / "LC_MESSAGES" / "messages.po"
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]
KEYWORDS = {"_": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2)}


def said() -> set[str | tuple[str, ...]]:
    """Every message of the code and the templates."""
    found = extract_from_dir(str(WEB), METHODS, {}, keywords=KEYWORDS)
    return {message if isinstance(message, str) else tuple(message) for _, _, message, _, _ in found}


def catalogue() -> Catalog:
    with FRENCH.open("rb") as file:
        return read_po(file, locale="fr", abort_invalid=True)


def messages() -> list[Message]:
    return [message for message in catalogue() if message.id]


def strings(message: Message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ())


def test_every_message_has_a_translation_and_no_translation_is_left_over() -> None:
    translated = {
        message.id if isinstance(message.id, str) else tuple(message.id)
        for message in messages()
        if all(strings(message)) and not message.fuzzy
    }
    assert len(translated) > 100
    assert said() - translated == set()
    assert translated - said() == set()


def test_translations_keep_the_places_of_what_is_filled_in() -> None:
    for message in messages():
        ids = (message.id,) if isinstance(message.id, str) else message.id
        places = {place for text in ids for place in re.findall(r"%\(\w+\)s", text)}
        for text in strings(message):
            assert set(re.findall(r"%\(\w+\)s", text)) <= places


@pytest.mark.parametrize(
    ("mistake", "pattern"),
    [
        ("a straight apostrophe", r"'"),
        ("straight quotes", r'"'),
        ("an ordinary space before a sign", r" [:;!?»]"),
        ("no space before a sign", r"[\w)][;!?»]|\w:(?!//)"),
        ("an ordinary space inside guillemets", r"« |«(?![\u00a0\u202f])"),
        ("three dots", r"\.\.\."),
    ],
)
def test_french_typography(mistake: str, pattern: str) -> None:
    wrong = [text for message in messages() for text in strings(message) if re.search(pattern, text)]
    assert wrong == [], mistake


def test_compiling_gives_what_the_pages_read(tmp_path: Path) -> None:
    folder = tmp_path / "fr" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "messages.po").write_bytes(FRENCH.read_bytes())
    (made,) = compile_catalogues(tmp_path)
    assert made == folder / "messages.mo"
    with made.open("rb") as file:
        compiled = read_mo(file)
    assert compiled["Unread"].string == "Non lus"
    assert len(compiled) == len(messages())


def test_the_catalogue_is_sorted() -> None:
    lines = re.findall(r'^msgid ((?:".*"\n)+)', FRENCH.read_text("utf-8"), re.MULTILINE)
    found = ["".join(re.findall(r'"(.*)"', words)) for words in lines]
    assert found == sorted(found)
