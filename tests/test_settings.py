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
        ("[refresh]\nevery = 0", "refresh.every"),
        ("[refresh]\nlease = -1", "refresh.lease"),
        ("[refresh]\nparse_workers = 0", "refresh.parse_workers"),
        ("[fetch]\nconcurrency = -2", "fetch.concurrency"),
        ("[fetch]\ntimeout = 0", "fetch.timeout"),
        ("[fetch]\nmax_bytes = 0", "fetch.max_bytes"),
        ("[fetch]\nallowed_ports = [80, 99999]", "fetch.allowed_ports: .*65535"),
        ('[fetch]\nallowed_networks = ["127.0.0.0/33"]', "fetch.allowed_networks: '127.0.0.0/33' is neither"),
        ('[fetch]\nallowed_networks = ["http://nas"]', "fetch.allowed_networks: 'http://nas' is neither"),
        ('[fetch]\nallowed_networks = ["127.0.0"]', "fetch.allowed_networks: '127.0.0' is neither"),
        ("[pages]\nport = 99999", "pages.port"),
        ("[pages]\nthreads = 0", "pages.threads"),
        ('[pages]\nwatchers = ["10.0.0.0/99"]', "pages.watchers: '10.0.0.0/99'"),
        ('[pages]\npublic_url = "news.example"', "pages.public_url: it does not begin with http"),
    ],
)
def test_a_setting_without_meaning_is_named(tmp_path: Path, content: str, name: str) -> None:
    (tmp_path / "settings.toml").write_text(content)
    with pytest.raises(SettingsError, match=name):
        Settings.load(tmp_path)


@pytest.mark.parametrize(
    ("variable", "value", "name"),
    [
        ("LIRE_AUSSI_FETCHH__TIMEOUT", "3", "LIRE_AUSSI_FETCHH__TIMEOUT: .*no section fetchh"),
        ("LIRE_AUSSI_LOG_LEVEL__X", "3", "LIRE_AUSSI_LOG_LEVEL__X"),
        ("LIRE_AUSSI_FETCH__TIMEOUTT", "3", "setting fetch.timeoutt: .* LIRE_AUSSI_FETCH__TIMEOUTT"),
        (
            "LIRE_AUSSI_REFRESH__PARSE_WORKERS",
            "0",
            "refresh.parse_workers: .*LIRE_AUSSI_REFRESH__PARSE_WORKERS",
        ),
        ("LIRE_AUSSI_FETCH__ALLOWED_PORTS", "0", "LIRE_AUSSI_FETCH__ALLOWED_PORTS"),
        (
            "LIRE_AUSSI_FETCH__ALLOWED_NETWORKS",
            "10.0.0.0/8,a b",
            "'a b' .*LIRE_AUSSI_FETCH__ALLOWED_NETWORKS",
        ),
    ],
)
def test_a_variable_without_meaning_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, name: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError, match=name):
        Settings.load(tmp_path)


def test_hosts_and_networks_of_every_kind_are_admitted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = ("10.1.2.3", "fd00::/8", "nas.local", "nas", "Bücher.example", "my_nas.")
    monkeypatch.setenv("LIRE_AUSSI_FETCH__ALLOWED_NETWORKS", ",".join(kinds))
    assert Settings.load(tmp_path).fetch.allowed_networks == kinds
