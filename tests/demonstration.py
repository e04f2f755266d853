"""The demonstration as a newcomer starts it, on a free port of loopback."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_COMMAND = str(Path(sys.executable).with_name("lire-aussi"))


@contextmanager
def demonstration() -> Iterator[str]:
    """Its address; it is stopped at the end."""
    with subprocess.Popen([_COMMAND, "demo", "--port", "0"], stdout=subprocess.PIPE, text=True) as program:
        try:
            assert program.stdout is not None
            yield program.stdout.readline().split()[2]
        finally:
            program.terminate()
