"""Compile the message catalogues: every `messages.po` of this folder into the `messages.mo` beside it.

Run as a script in a checkout; as a hook of hatchling it runs when the distribution is built, so that the
compiled files, which are not in the repository, are in every wheel.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po


def compile_catalogues(folder: Path) -> tuple[Path, ...]:
    """The files that were written."""
    return tuple(_compile(source) for source in sorted(folder.glob("*/LC_MESSAGES/*.po")))


def _compile(source: Path) -> Path:
    with source.open("rb") as file:
        catalogue = read_po(file, locale=source.parts[-3], abort_invalid=True)
    target = source.with_suffix(".mo")
    with target.open("wb") as file:
        write_mo(file, catalogue)
    return target


def get_build_hook() -> type[Any]:
    """What hatchling looks for; it is imported here because only a build has it."""
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface

    class CompileCatalogues(BuildHookInterface):  # type: ignore[type-arg, unused-ignore]
        def initialize(self, version: str, build_data: dict[str, Any]) -> None:
            compile_catalogues(Path(self.root) / "web" / "translations")

    return CompileCatalogues


if __name__ == "__main__":
    for written in compile_catalogues(Path(__file__).parent):
        print(written)
