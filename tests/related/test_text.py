"""Articles to terms."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.domain import Article
from aggregator.policies import RelatedPolicy
from aggregator.related.labels import without_label
from aggregator.related.text import Analyzer, Terms

ANALYZER = Analyzer(RelatedPolicy())
"""For tests that do not mind what it learns; the model of the languages takes a while to load."""


def article(title: str = "", summary: str = "", content: str = "", language: str | None = "fr") -> Article:
    return Article(
        id=1,
        title=title,
        summary=summary,
        content=content,
        language=language,
        published_at=None,
        source="feed",
    )


def analyzed(
    title: str = "",
    summary: str = "",
    content: str = "",
    language: str | None = "fr",
    aliases: tuple[tuple[str, str], ...] = (),
) -> Terms:
    return Analyzer(RelatedPolicy(spellings=aliases)).analyze(article(title, summary, content, language))


def words(text: str, language: str) -> set[str]:
    """The words of a text that are evidence."""
    return set(analyzed(text, language=language).spelling.values())


def test_a_word_of_the_title_counts_twice_in_the_head_and_not_in_the_body() -> None:
    terms = analyzed("Volcan", "Le volcan gronde.", "Volcan, volcans : la lave coule.")
    at = {terms.spelling[int(term)]: place for place, term in enumerate(terms.ids)}
    assert terms.head[at["Volcan"]] == 3
    assert terms.body[at["Volcan"]] == 2
    assert (terms.head[at["lave"]], terms.body[at["lave"]]) == (0, 1)


def test_the_beginning_of_a_text_without_summary_is_its_head() -> None:
    terms = analyzed("Volcan", content="lave " * 200)
    lava = next(place for place, term in enumerate(terms.ids) if terms.spelling[int(term)] == "lave")
    assert terms.head[lava] + terms.body[lava] == 200
    assert 70 <= terms.head[lava] <= 80


def test_a_text_of_any_length_is_read() -> None:
    terms = analyzed("lave " * 90_000, "lave " * 90_000, "lave " * 90_000)
    assert (terms.head.tolist(), terms.body.tolist()) == ([2 * 200 + 1200], [1200])


@settings(deadline=None)
@given(st.text(max_size=300), st.text(max_size=300), st.sampled_from(["fr", "ja", "th", "xx", None]))
def test_any_text_has_well_formed_terms(title: str, content: str, language: str | None) -> None:
    terms = ANALYZER.analyze(article(title, "", content, language))
    assert terms.ids.dtype == np.uint32
    assert (np.diff(terms.ids.astype(np.int64)) > 0).all()
    assert terms.head.dtype == terms.body.dtype == np.uint16
    assert (terms.head + terms.body > 0).all()
    assert set(terms.spelling) == set(terms.ids.tolist())
    assert (np.diff(terms.names.astype(np.int64)) > 0).all()


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        (
            "L’Islande, qu'une éruption d'hier menace aujourd’hui",
            "fr",
            {"Islande", "éruption", "hier", "menace"},
        ),
        ("Ukraine's army isn't surprised", "en", {"Ukraine", "army", "surprised"}),
        ("The US and the UN ask it of us", "en", {"US", "UN"}),
        ("Computer fire destroys mine", "en", {"Computer", "fire", "destroys", "mine"}),
        ("L’opera dell’artista nell'arena", "it", {"opera", "artista", "arena"}),
        ("Die Vögel und der Wald", "de", {"Vögel", "Wald"}),
        ("El volcán de la isla", "es", {"volcán", "isla"}),
        ("O vulcão da ilha", "pt", {"vulcão", "ilha"}),
        ("De vulkaan van het eiland", "nl", {"vulkaan", "eiland"}),
        ("En 2022, à 20h30, le 3e étage des 1200 marches", "fr", {"étage", "marches"}),
        ("東京の天気", "ja", {"東京", "京の", "の天", "天気"}),
        ("北京天气", "zh", {"北京", "京天", "天气"}),
    ],
)
def test_what_is_evidence(text: str, language: str, expected: set[str]) -> None:
    assert words(text, language) == expected


@pytest.mark.parametrize(
    ("one", "other", "language"),
    [
        ("manifestation", "manifestations", "fr"),
        ("storms", "storm", "en"),
        ("Vögel", "Vogel", "de"),
        ("volcanes", "volcán", "es"),
        ("governi", "governo", "it"),
        ("cidades", "cidade", "pt"),
        ("vulkanen", "vulkaan", "nl"),
        ("cafe\u0301", "café", "fr"),
    ],
)
def test_forms_of_a_word_are_one_term(one: str, other: str, language: str) -> None:
    assert analyzed(one, language=language).ids.tolist() == analyzed(other, language=language).ids.tolist()


def test_spellings_of_a_name_are_one_term_and_one_name() -> None:
    aliases = (("poutine", "putin"), ("erdoğan", "erdogan"))
    french = analyzed("", "Le président Poutine reçoit Erdoğan", aliases=aliases)
    english = analyzed("", "The president Putin meets Erdogan", "", "en", aliases)
    assert len(np.intersect1d(french.names, english.names)) == 2
    assert set(analyzed("Poutine", aliases=aliases).ids) == set(analyzed("Putin").ids)
    assert "Poutine" in french.spelling.values()


def test_names_stand_inside_sentences() -> None:
    inside = analyzed("", "Hier soir, la ville de Reykjavik a tremblé. Ensuite la BBC est venue.")
    alone = analyzed("", "Reykjavik a tremblé. Ensuite, on est venu. Hier encore.")
    assert len(inside.names) == 2
    assert len(alone.names) == 0


def test_a_title_in_capitals_gives_no_names() -> None:
    assert len(analyzed("Seven Ways To Cook A Pumpkin", language="en").names) == 0


FRENCH = "Le gouvernement a annoncé hier que les travaux de la ligne seront repris dans les prochains mois."
ENGLISH = "The government said yesterday that the works on the line will be resumed in the coming months."


@pytest.mark.parametrize(
    ("text", "declared", "language"),
    [
        (FRENCH, "fr-FR", "fr"),
        (FRENCH, "FR", "fr"),
        (FRENCH, "fr_CA", "fr"),
        (FRENCH, "fra", "fr"),
        (FRENCH, None, "fr"),
        (FRENCH, "neutral", "fr"),
        (FRENCH, "x-unknown", "fr"),
        (FRENCH, "en-us", "fr"),
        (ENGLISH, "fr", "en"),
        (ENGLISH, "", "en"),
        ("Emmanuel Macron", "en", "en"),
        ("東京で大きな地震がありました", "en", "ja"),
        ("东京发生强烈地震", None, "zh"),
        ("東京直下地震", "ja", "ja"),
        ("Президент приехал в столицу", None, "ru"),
        ("Президент приїхав до столиці", "uk", "uk"),
        ("서울에서 지진이 발생했다", None, "ko"),
        ("แผ่นดินไหวในกรุงเทพ", "en", "th"),
        ("Wypadek na autostradzie", "pl", "pl"),
    ],
)
def test_the_language(text: str, declared: str | None, language: str) -> None:
    assert ANALYZER.analyze(article(text, language=declared)).language == language


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "text", ["A" * 5_000, "中" * 5_000, "ก" * 5_000, "İ" * 5_000, "A! " * 2_000, "É–" * 2_500]
)
def test_a_long_text_without_a_label_is_read_at_once(text: str) -> None:
    assert without_label(text) == text or text.startswith(("A! ", "É–"))
