"""How many links are silly, and how many articles stay without one: `python tests/judgements/measure.py`.

Runs `lire-aussi link`'s code over the judged set in this folder and prints the figures of each part, then
each false link with the words that carried it. README.md tells what the files hold.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from aggregator.archives import ArchiveLink, link_articles, read_articles
from aggregator.domain import Article
from aggregator.policies import RelatedPolicy

FOLDER = Path(__file__).parent
CORPUS = ("articles.jsonl", "judgements.jsonl", "microblogs.jsonl", "two-word-titles.jsonl")
LIMIT = 4
"""Links under an article."""
SMALL = 50
"""Articles of a small library."""

Library = Sequence[Article]


def digest() -> str:
    """sha256 of the corpus: floors hold for these bytes only."""
    whole = hashlib.sha256()
    for name in CORPUS:
        whole.update(name.encode() + b"\0" + (FOLDER / name).read_bytes() + b"\0")
    return whole.hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgements:
    """`stories`: id → story or None. `pairs`: two ids → related, acceptable, copy or unrelated."""

    stories: Mapping[str, str | None]
    pairs: Mapping[frozenset[str], str]

    def verdict(self, a: Article, b: Article) -> str:
        """What was said of the pair; else the rule: one story in one language is related."""
        judged = self.pairs.get(frozenset((str(a.id), str(b.id))))
        story = self.stories[str(a.id)]
        if judged or story is None or story != self.stories[str(b.id)]:
            return judged or "unrelated"
        return "related" if a.language == b.language else "acceptable"


@dataclass(frozen=True, slots=True, kw_only=True)
class FalseLink:
    article: Article
    neighbour: Article
    score: float
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Shares in [0, 1]; an empty part has no false link and reaches everything."""

    false_links: float
    """Of the links shown, those that are neither related nor acceptable."""
    false_singles: float
    """Of the articles with no true neighbour, those that show a false link."""
    recall: float
    """Of the articles with a true neighbour, those that show one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """What was seen in one library; counts of several add up."""

    articles: int = 0
    links: int = 0
    singles: int = 0
    told: int = 0
    """Articles with a true neighbour."""
    reached: int = 0
    false: tuple[FalseLink, ...] = ()
    linked_singles: int = 0

    def __add__(self, other: Count) -> Count:
        names = [field.name for field in fields(self)]
        return Count(**{name: getattr(self, name) + getattr(other, name) for name in names})

    def figures(self) -> Figures:
        return Figures(
            false_links=len(self.false) / max(self.links, 1),
            false_singles=self.linked_singles / max(self.singles, 1),
            recall=self.reached / self.told if self.told else 1.0,
        )


def read_judgements() -> Judgements:
    stories: dict[str, str | None] = {}
    for name in CORPUS:
        if name != "judgements.jsonl":
            stories |= {row["id"]: row["story"] for row in rows(name)}
    pairs = {frozenset((row["a"], row["b"])): row["verdict"] for row in rows("judgements.jsonl")}
    return Judgements(stories=stories, pairs=pairs)


def rows(name: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in _lines(name)]


def _lines(name: str) -> list[bytes]:
    return (FOLDER / name).read_bytes().splitlines()


def parts() -> dict[str, list[Library]]:
    """Each part's libraries; their counts are added up."""
    articles = read("articles.jsonl")
    feeds = sorted({article.source for article in articles})
    starts = range(0, len(articles) - SMALL + 1, SMALL // 2)
    return {
        "library": [articles],
        "small-library": [articles[start : start + SMALL] for start in starts],
        "one-feed": [[a for a in articles if a.source == feed] for feed in feeds],
        "microblogs": [read("microblogs.jsonl")],
        "two-word-titles": [read("two-word-titles.jsonl")],
    }


def read(name: str) -> Library:
    return read_articles(_lines(name), name)


def measure(libraries: Sequence[Library], judgements: Judgements) -> Count:
    total = Count()
    for library in libraries:
        shown = link_articles(library, RelatedPolicy(), limit=LIMIT)
        for article, links in zip(library, shown, strict=True):
            total += _count(article, links, library, judgements)
    return total


def _count(article: Article, links: Sequence[ArchiveLink], library: Library, judgements: Judgements) -> Count:
    told = any(judgements.verdict(article, other) == "related" for other in library if other is not article)
    verdicts = [judgements.verdict(article, library[link.id]) for link in links]
    false = tuple(
        FalseLink(article=article, neighbour=library[link.id], score=link.score, why=link.why)
        for link, verdict in zip(links, verdicts, strict=True)
        if verdict == "unrelated"
    )
    return Count(
        articles=1,
        links=len(links),
        singles=int(not told),
        told=int(told),
        reached=int("related" in verdicts),
        false=false,
        linked_singles=int(bool(false) and not told),
    )


def main() -> None:
    judgements = read_judgements()
    counts = {name: measure(libraries, judgements) for name, libraries in parts().items()}
    print(f"digest {digest()}\n")
    print(f"{'part':<16}{'articles':>9}{'links':>7}{'false':>7}{'false singles':>19}{'recall':>19}")
    for name, count in counts.items():
        found = count.figures()
        singles = f"{count.linked_singles}/{count.singles} = {found.false_singles:.3f}"
        recall = f"{count.reached}/{count.told} = {found.recall:.3f}"
        print(
            f"{name:<16}{count.articles:>9}{count.links:>7}{found.false_links:>7.3f}{singles:>19}{recall:>19}"
        )
    for name, count in counts.items():
        print(f"\n{name}: {len(count.false)} false links")
        for link in sorted(count.false, key=lambda link: -link.score):
            words = ", ".join(link.why)
            print(f"  {link.score:.3f}  {link.article.id} → {link.neighbour.id}  ({words})")


if __name__ == "__main__":
    main()
