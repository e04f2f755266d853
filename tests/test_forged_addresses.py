"""No feature that fetches connects to a forged address; all of them reach the allowed ones."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SEALED = Path(__file__).parent / "sealed.py"
PUBLIC = {"93.184.216.34", "93.184.216.35", "2606:2800:220:1:248:1893:25c8:1946"}
FEATURES = {"feed", "redirect", "page", "icon", "picture", "hub", "text"}


def reached(folder: Path, step: int) -> dict[str, list[str]]:
    done = subprocess.run(
        [sys.executable, str(SEALED), str(folder), str(step)], capture_output=True, text=True, timeout=110
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, list[str]] = json.loads(done.stdout.splitlines()[-1])
    assert found.keys() == FEATURES
    return found


@pytest.mark.parametrize("step", [20, pytest.param(1, marks=pytest.mark.slow)])
def test_only_allowed_addresses_are_connected_to(tmp_path: Path, step: int) -> None:
    for feature, addresses in reached(tmp_path, step).items():
        assert addresses, feature
        assert set(addresses) <= PUBLIC, feature
