"""The list of feeds that a new person is offered: it must import whole, in both languages."""

from __future__ import annotations

import importlib.resources
import xml.etree.ElementTree as ET

import pytest

from aggregator.feeds.opml import parse_opml

LANGUAGES = {"fr": ("Presse", "Sciences", "Monde"), "en": ("Press", "Science", "World")}


@pytest.fixture(scope="module")
def starter() -> bytes:
    return importlib.resources.files("config").joinpath("starter.opml").read_bytes()


def test_every_feed_can_be_imported_over_https(starter: bytes) -> None:
    outlines = parse_opml(starter)
    assert len(outlines) >= 20
    for outline in outlines:
        assert outline.url.startswith("https://")
        assert outline.title
        assert outline.site_url is not None
        assert outline.site_url.startswith("https://")


def test_no_feed_twice(starter: bytes) -> None:
    outlines = parse_opml(starter)
    assert len({outline.url for outline in outlines}) == len(outlines)
    assert len({outline.title for outline in outlines}) == len(outlines)


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_category_of_each_language_has_feeds(starter: bytes, language: str) -> None:
    filled = {outline.category for outline in parse_opml(starter)}
    assert filled >= {(name,) for name in LANGUAGES[language]}


def test_every_feed_says_the_language_of_its_category(starter: bytes) -> None:
    language_of = {name: language for language, names in LANGUAGES.items() for name in names}
    folders = ET.fromstring(starter).findall("body/outline")
    assert {folder.get("text") for folder in folders} == set(language_of)
    for folder in folders:
        assert {feed.get("language") for feed in folder} == {language_of[folder.get("text") or ""]}
