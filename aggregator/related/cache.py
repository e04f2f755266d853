"""The engine as files beside the database: a cache, so that a start takes no time.

Promises: what is missing, torn, of another version or not what the caller expects is None, and nothing is
lost by it: the engine can always be made again from what the database keeps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aggregator.related.boilerplate import Boilerplate
from aggregator.related.cachefiles import read_bundle, read_manifest, write_bundle, write_manifest
from aggregator.related.engine import Engine
from aggregator.related.index import Index
from aggregator.related.shelf import Shelf

if TYPE_CHECKING:
    from pathlib import Path

    from aggregator.policies import RelatedPolicy
    from aggregator.related.cachefiles import Arrays, Bundle

_NAMES = "names"


def save_engine(engine: Engine, folder: Path, label: str) -> None:
    """Write the engine into `folder`; `label` says of what state of the library it is. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    engine.names.save(folder / _NAMES)
    before = read_manifest(folder)
    number = before["number"] + 1 if before else 0
    bundles = [write_bundle(folder, f"boilerplate-{number}.arrays", engine.boilerplate.arrays())]
    shelves = {}
    for language, shelf in engine.shelves.items():
        shelf.index.save(folder / language)
        names, entries, pairs = shelf.sections.state()
        arrays: Arrays = {"facts": shelf.facts.array(), "entries": entries, "pairs": pairs}
        shelves[language] = {"rows": len(shelf.facts), "sections": names, "bundle": len(bundles)}
        bundles.append(write_bundle(folder, f"{language}-{number}.arrays", arrays))
    write_manifest(
        folder,
        {
            "number": number,
            "label": label,
            "feeds": engine.boilerplate.feeds(),
            "names": len(engine.names),
            "shelves": shelves,
            "bundles": bundles,
        },
    )


def load_engine(folder: Path, policy: RelatedPolicy, label: str) -> Engine | None:
    """The engine that was saved with this label."""
    manifest = read_manifest(folder)
    if manifest is None or manifest["label"] != label:
        return None
    names = _index(folder / _NAMES, manifest["names"])
    learnt = read_bundle(folder, manifest["bundles"][0])
    if names is None or learnt is None:
        return None
    engine = Engine(
        policy,
        names=names,
        boilerplate=Boilerplate.of(manifest["feeds"], learnt),
    )
    for language, facts in manifest["shelves"].items():
        shelf = _shelf(folder, language, facts, manifest["bundles"][facts["bundle"]], names)
        if shelf is None:
            return None
        engine.shelves[language] = shelf
    return engine


def _index(folder: Path, rows: int) -> Index | None:
    """One that was saved later than the manifest is of another moment than the rest."""
    found = Index.load(folder)
    return found if found is not None and len(found) == rows else None


def _shelf(folder: Path, language: str, facts: Any, bundle: Bundle, names: Index) -> Shelf | None:
    index, arrays = _index(folder / language, facts["rows"]), read_bundle(folder, bundle)
    if index is None or arrays is None:
        return None
    shelf = Shelf(names, index=index)
    shelf.facts.restore(arrays["facts"], facts["rows"])
    shelf.sections.restore(facts["sections"], arrays["entries"], arrays["pairs"])
    return shelf
