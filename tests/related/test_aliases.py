"""Spellings that are read as one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from aggregator.errors import SettingsError
from aggregator.related.aliases import Aliases, merged, parse_aliases
from config.aliases import load_aliases
from config.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path


def test_a_line_gives_the_spelling_that_is_read_first() -> None:
    text = "# People\n\nPutin = Poutine putine  # and others\nKyiv=Kiev\n"
    assert parse_aliases(text + "London ~ Londres\n") == (
        (("poutine", "putin"), ("putine", "putin"), ("kiev", "kyiv")),
        (("londres", "london"),),
    )


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("Putin", "not of the form"),
        ("Putin =", "not of the form"),
        ("= Poutine", "not one word"),
        ("Xi Jinping = Xi", "not one word"),
        ("Kim = Jong-un", "not one word"),
        ("Putin = Kiew", "'kiew' is in line 1 too"),
        ("Kiew = Kiiw", "'kiew' is in line 1 too"),
    ],
)
def test_a_line_without_meaning_is_named(tmp_path: Path, line: str, reason: str) -> None:
    (tmp_path / "aliases.txt").write_text(f"Kyiv = Kiew\n# a remark\n{line}\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=rf"aliases\.txt, line 3.*{reason}"):
        Settings.load(tmp_path)


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "aliases.txt").write_bytes(b"Erdogan = Erdo\xf0an")
    with pytest.raises(SettingsError, match=r"aliases\.txt"):
        Settings.load(tmp_path)


def test_the_second_list_wins() -> None:
    first = Aliases((("poutine", "putin"), ("kiev", "kyiv"), ("kiew", "kyiv")))
    changed = merged(first, Aliases((("kiew", "kief"),))).spellings
    assert dict(changed) == {"poutine": "putin", "kiev": "kyiv", "kiew": "kief"}
    # The name that the first list reads is itself read otherwise: all follow.
    turned = merged(first, Aliases((("kyiv", "kiev"),))).spellings
    assert dict(turned) == {"poutine": "putin", "kyiv": "kiev", "kiew": "kiev"}
    # A spelling becomes a translation.
    moved = merged(first, Aliases((), (("poutine", "putin"),)))
    assert "poutine" not in dict(moved.spellings)
    assert moved.translations == (("poutine", "putin"),)


def test_what_is_shipped_makes_sense(tmp_path: Path) -> None:
    spellings, translations = load_aliases(tmp_path)
    read_as = dict(spellings + translations)
    assert read_as["poutine"] == "putin"
    assert not set(read_as) & set(read_as.values())


def test_the_library_has_its_own(tmp_path: Path) -> None:
    (tmp_path / "aliases.txt").write_text("Poutine = Putin\nGoudalle = Gudalle\n", encoding="utf-8")
    read_as = dict(Settings.load(tmp_path).related.spellings)
    assert read_as["putin"] == "poutine"
    assert read_as["putine"] == "poutine"
    assert read_as["gudalle"] == "goudalle"
    assert read_as["kiev"] == "kyiv"
