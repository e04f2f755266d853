"""The spellings of names that are read as one: `aliases.txt` beside this file, then that of the library."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

from aggregator.errors import SettingsError
from aggregator.related.aliases import AliasError, Aliases, merged, parse_aliases

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable
    from pathlib import Path

FILE_NAME = "aliases.txt"


def load_aliases(library: Path) -> Aliases:
    """What the library's own file says of a word wins; the file may be missing.

    Raises `SettingsError` with the file and the line that makes no sense.
    """
    return merged(_read(files("config") / FILE_NAME), _read(library / FILE_NAME))


def _read(path: Traversable | Path) -> Aliases:
    if not path.is_file():
        return Aliases()
    try:
        return parse_aliases(path.read_text(encoding="utf-8"))
    except AliasError as error:
        raise SettingsError(
            f"{path}, line {error.line}", str(error), advice="See config/aliases.txt for examples."
        ) from error
    except (UnicodeDecodeError, OSError) as error:
        raise SettingsError(str(path), str(error), advice="It is a text file in UTF-8.") from error
