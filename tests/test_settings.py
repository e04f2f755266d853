"""Settings as an operator meets them."""

from __future__ import annotations

from pathlib import Path

import pytest

from aggregator.errors import SettingsError
from config.settings import Settings, to_toml

EXAMPLE = Path(__file__).parents[1] / "config" / "example.toml"


def test_the_example_holds_every_default(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_bytes(EXAMPLE.read_bytes())
    assert Settings.load(tmp_path) == Settings.load(tmp_path / "empty")
    written = [
        line.split(" =")[0] for line in EXAMPLE.read_text().splitlines() if " = " in line and line[0] != "#"
    ]
    assert written == [line.split(" =")[0] for line in to_toml(Settings()).splitlines() if " = " in line]


def test_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "settings.toml").write_text('[fetch]\ncontact = "file"\ntimeout = 7\n')
    monkeypatch.setenv("LIRE_AUSSI_FETCH__CONTACT", "env")
    monkeypatch.setenv("LIRE_AUSSI_FETCH__ALLOWED_NETWORKS", "10.0.0.0/8, nas.local")
    fetch = Settings.load(tmp_path).fetch
    assert (fetch.contact, fetch.timeout.total_seconds()) == ("env", 7)
    assert fetch.allowed_networks == ("10.0.0.0/8", "nas.local")


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ("[fetch]\nfoo = 1", "fetch.foo"),
        ("bar = 1", "bar"),
        ("[fetch", "settings.toml"),
        ('[refresh]\nevery = "x"', "refresh.every"),
    ],
)
def test_a_setting_without_meaning_is_named(tmp_path: Path, content: str, name: str) -> None:
    (tmp_path / "settings.toml").write_text(content)
    with pytest.raises(SettingsError, match=name):
        Settings.load(tmp_path)
