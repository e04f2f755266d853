"""What a feed repeats is no evidence."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

from aggregator.domain import Article
from aggregator.policies import RelatedPolicy
from aggregator.related.boilerplate import Boilerplate
from aggregator.related.labels import tail, without_label
from aggregator.related.text import Analyzer, Terms

TITLES = (
    "Un volcan s'éveille",
    "Grève des trains",
    "Le marathon de Lille",
    "Récolte de pommes",
    "Musée fermé",
)


def entry(title: str, summary: str, feed: str = "feed") -> Article:
    return Article(
        id=1, title=title, summary=summary, content="", language="fr", published_at=None, source=feed
    )


def invented(seed: int, words: int) -> str:
    """A text of made-up words, without punctuation, with the stop words that a language has."""
    choose = random.Random(seed)
    return " et ".join("".join(choose.choices("abcdefghijklmnoprstuv", k=7)) for _ in range(words))


def a_title(number: int) -> np.ndarray[tuple[int], np.dtype[np.uint32]]:
    """Of one term that no other number has."""
    return np.array([number + 1], np.uint32)


def same(one: Terms, other: Terms) -> bool:
    return one.spelling == other.spelling and one.head.tolist() == other.head.tolist()


def analyze_all(articles: list[Article]) -> list[Terms]:
    analyzer = Analyzer(RelatedPolicy())
    return [analyzer.analyze(article) for article in articles]


@pytest.mark.parametrize("footer", ["{footer}", "lu par {number} abonnés {footer}", "{half} {word} {footer}"])
def test_a_footer_does_not_count_from_the_second_entry_on(footer: str) -> None:
    plain = [entry(title, invented(number, 25)) for number, title in enumerate(TITLES)]
    texts = [
        footer.format(
            footer=invented(99, 200), number=number, half=invented(98, 100), word=invented(number + 50, 1)
        )
        for number in range(len(TITLES))
    ]
    footed = [replace(a, summary=f"{a.summary} {text}") for a, text in zip(plain, texts, strict=True)]
    pairs = list(zip(analyze_all(plain), analyze_all(footed), strict=True))
    assert not same(*pairs[0])
    # Where two runs share a place, a word at an edge of the footer may stay.
    assert all(len(loaded.spelling.keys() - plain.spelling.keys()) <= 1 for plain, loaded in pairs[3:])
    assert all(plain.spelling.keys() <= loaded.spelling.keys() for plain, loaded in pairs[3:])


def test_a_short_teaser_takes_a_third_entry() -> None:
    teaser = "Retrouvez notre lettre politique hebdomadaire gratuite chaque matin"
    found = analyze_all([entry(title, f"{invented(n, 9)} {teaser}") for n, title in enumerate(TITLES)])
    assert ["lettre" in terms.spelling.values() for terms in found] == [True, True, False, False, False]


def test_the_same_news_told_twice_is_not_boilerplate() -> None:
    text = invented(1, 40)
    one, other, elsewhere = analyze_all(
        [
            entry("Un volcan s'éveille en Islande", text),
            entry("Islande : le volcan s'éveille", text),
            entry("Tout autre titre", text, feed="another feed"),
        ]
    )
    assert one.ids.tolist() == other.ids.tolist()
    assert len(np.intersect1d(one.ids, elsewhere.ids)) == 40


def test_an_edited_entry_is_not_its_own_boilerplate() -> None:
    found = analyze_all([entry("Un volcan s'éveille", invented(1, 40))] * 4)
    assert all(same(found[0], terms) for terms in found)


def test_the_name_of_a_story_stays() -> None:
    found = analyze_all([entry(f"Guerre en Ukraine : {invented(n, 4)}", invented(n, 9)) for n in range(9)])
    assert all("Ukraine" in terms.spelling.values() for terms in found)


def test_a_formula_behind_titles_goes() -> None:
    found = analyze_all(
        [entry(f"{title} | Le Courrier du Soir", invented(n, 9)) for n, title in enumerate(TITLES)]
    )
    assert ["Courrier" in terms.spelling.values() for terms in found] == [True, True, False, False, False]


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("DÉCRYPTAGE - La crise", "La crise"),
        ("CONFIDENTIEL BOURSE | Une action", "Une action"),
        ("EN DIRECT. Le match", "Le match"),
        ("ENTRETIEN. La ministre", "La ministre"),
        ("VIDÉO – Un train", "Un train"),
        ("PSG : la défaite", "PSG : la défaite"),
        ("JO 2024 : la flamme", "JO 2024 : la flamme"),
        ("Guerre en Ukraine : le bilan", "Guerre en Ukraine : le bilan"),
        ("UN TITRE EN CAPITALES", "UN TITRE EN CAPITALES"),
        ("", ""),
    ],
)
def test_a_label_in_capitals_is_left_out(text: str, rest: str) -> None:
    assert without_label(text) == rest


def test_the_tail_of_a_title() -> None:
    assert tail("Le volcan s'éveille | Le Courrier") == "Le Courrier"
    assert tail("Un va-et-vient") == ""


def test_what_was_learnt_can_be_kept() -> None:
    texts = [np.array(random.Random(n).choices(range(1, 2**32), k=400), np.uint32) for n in range(6)]
    texts = [np.concatenate([text, texts[0][:60]]) for text in texts]
    learner = Boilerplate()
    for number, text in enumerate(texts[:4]):
        learner.repeated(f"feed {number % 2}", a_title(number), text)
    kept = Boilerplate.of(learner.feeds(), learner.arrays())
    for number, text in enumerate(texts[4:], 4):
        expected = learner.repeated(f"feed {number % 2}", a_title(number), text)
        assert expected[-60:].all()
        assert kept.repeated(f"feed {number % 2}", a_title(number), text).tolist() == expected.tolist()


def test_nothing_learnt_can_be_kept() -> None:
    assert Boilerplate.of([], Boilerplate().arrays()).arrays()["runs"].shape == (0,)


def test_a_feed_takes_bounded_room() -> None:
    learner = Boilerplate()
    for number in range(100):
        text = np.array(random.Random(number).choices(range(1, 2**32), k=500), np.uint32)
        assert not learner.repeated("feed", a_title(number), text).any()
    assert sum(array.nbytes for array in learner.arrays().values()) < 110_000
