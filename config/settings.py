"""Settings: defaults, then `settings.toml` in the library's folder, then the environment;
the spellings of names have a file of their own (`aliases.py`).

A variable is named after its place: `LIRE_AUSSI_FETCH__CONTACT` is `contact` under `[fetch]`. Lists are
separated by commas there. Durations are seconds. A setting that does not exist or makes no sense is a
`SettingsError` that names it.
"""

from __future__ import annotations

import dataclasses
import json
import os
import tomllib
from collections.abc import Mapping
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, get_type_hints

from annotated_types import Ge, Le
from platformdirs import user_data_path
from pydantic import ValidationError, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from aggregator.errors import AddressRefused, SettingsError
from aggregator.feeds.addresses import check_allowed, normalize_url
from aggregator.policies import (
    FetchLimits,
    PeoplePolicy,
    PicturePolicy,
    RefreshPolicy,
    RelatedPolicy,
    RetentionPolicy,
)
from config.aliases import load_aliases

if TYPE_CHECKING:
    from pathlib import Path

FILE_NAME = "settings.toml"
_IN_OTHER_FILES = frozenset({"spellings", "translations"})

_PREFIX = "LIRE_AUSSI_"
_SECTIONS = ("pages", "fetch", "refresh", "retention", "related", "people", "pictures")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PageSettings:
    """Where the pages are served."""

    host: str = "127.0.0.1"
    port: Annotated[int, Ge(0), Le(65535)] = 8480
    threads: Annotated[int, Ge(1), Le(256)] = 8
    hosts: tuple[str, ...] = ()
    """Names under which the pages may be asked for, besides localhost and plain addresses."""
    watchers: tuple[str, ...] = ()
    """Networks from which /health and /metrics may be asked for, besides this machine."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses or networks of proxies in front, whose X-Forwarded-… headers are believed."""
    user_header: str = ""
    """In which header one of these proxies names whom it let in (`Remote-User`); empty: nowhere."""
    public_url: str = ""
    """Where the Internet reaches /push/…, for feeds whose hubs push what is new; empty: nowhere."""

    def watcher_networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        return tuple(ip_network(watcher, strict=False) for watcher in self.watchers)

    def proxy_networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        return tuple(ip_network(proxy, strict=False) for proxy in self.trusted_proxies)


class Settings(BaseSettings):
    """Everything an operator may change, by section."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX,
        env_nested_delimiter="__",
        enable_decoding=False,
        extra="forbid",
        frozen=True,
    )

    pages: PageSettings = PageSettings()
    fetch: FetchLimits = FetchLimits()
    refresh: RefreshPolicy = RefreshPolicy()
    retention: RetentionPolicy = RetentionPolicy()
    people: PeoplePolicy = PeoplePolicy()
    pictures: PicturePolicy = PicturePolicy()
    related: RelatedPolicy = RelatedPolicy()
    log_level: str = "INFO"
    log_format: Literal["text", "json"] = "text"

    @field_validator(*_SECTIONS, mode="before")
    @classmethod
    def _from_text(cls, section: object, info: Any) -> object:
        """The environment holds text only: commas make a list, a number makes a duration."""
        policy = cls.model_fields[info.field_name].annotation
        if not isinstance(section, Mapping) or policy is None:
            return section
        kinds = get_type_hints(policy)
        unknown = sorted(set(section) - (set(kinds) - _IN_OTHER_FILES))
        if unknown:
            raise _refusal(f"{info.field_name}.{unknown[0]}", "there is no such setting")
        return {name: _read(value, kinds[name]) for name, value in section.items()}

    @field_validator("fetch")
    @classmethod
    def _known_networks(cls, limits: FetchLimits) -> FetchLimits:
        for entry in limits.allowed_networks:
            try:
                check_allowed(entry)
            except ValueError as error:
                raise _refusal("fetch.allowed_networks", str(error)) from error
        return limits

    @field_validator("pages")
    @classmethod
    def _known_watchers(cls, pages: PageSettings) -> PageSettings:
        try:
            pages.watcher_networks()
        except ValueError as error:
            raise _refusal("pages.watchers", str(error)) from error
        try:
            pages.proxy_networks()
        except ValueError as error:
            raise _refusal("pages.trusted_proxies", str(error)) from error
        if pages.public_url:
            try:
                normalize_url(pages.public_url)
            except AddressRefused as error:
                raise _refusal("pages.public_url", error.detail) from error
        return pages

    @field_validator("log_level")
    @classmethod
    def _known_level(cls, level: str) -> str:
        if level.upper() not in ("DEBUG", "INFO", "WARNING", "ERROR"):
            raise ValueError("it is one of DEBUG, INFO, WARNING, ERROR")
        return level.upper()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over the file (which `load` hands in)."""
        return env_settings, init_settings

    @classmethod
    def load(cls, library: Path) -> Self:
        """The settings of this library. The file may be missing."""
        path = library / FILE_NAME
        _refuse_unknown_variables()
        try:
            settings = cls(**_file(path))
        except ValidationError as error:
            raise _explain(error, path) from error
        names = load_aliases(library)
        related = dataclasses.replace(
            settings.related, spellings=names.spellings, translations=names.translations
        )
        return settings.model_copy(update={"related": related})


def _refusal(name: str, reason: str) -> PydanticCustomError:
    return PydanticCustomError("setting", "{reason}", {"name": name, "reason": reason})


def _refuse_unknown_variables() -> None:
    """Of a section that does not exist pydantic takes no notice."""
    for variable in sorted(os.environ):
        section, nested, _ = variable.upper().removeprefix(_PREFIX).partition("__")
        if variable.upper().startswith(_PREFIX) and nested and section.lower() not in _SECTIONS:
            advice = f"The sections are {', '.join(_SECTIONS)}; `lire-aussi settings` shows every setting."
            raise SettingsError(
                f"variable {variable}", f"there is no section {section.lower()}", advice=advice
            )


def _read(value: object, kind: object) -> object:
    if not isinstance(value, str):
        return value
    if kind is timedelta and value.replace(".", "", 1).isdigit():
        return float(value)
    if getattr(kind, "__origin__", None) is tuple:
        return tuple(piece.strip() for piece in value.split(",") if piece.strip())
    return value


def _file(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise SettingsError(
            str(path), str(error), advice="See config/example.toml for every setting."
        ) from error


def _explain(error: ValidationError, path: Path) -> SettingsError:
    first = error.errors(include_url=False)[0]
    place = ".".join(part for part in first["loc"] if isinstance(part, str))
    name = first.get("ctx", {}).get("name", place)
    reason = first["msg"].removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        reason = "there is no such setting"
    advice = f"Look in {path} and at the variable {_PREFIX}{name.upper().replace('.', '__')}."
    return SettingsError(f"setting {name}", reason, advice=advice)


def default_library() -> Path:
    """The platform's data folder."""
    return user_data_path("lire-aussi", appauthor=False)


def to_toml(settings: Settings) -> str:
    """Every setting with its present value, as a file that could be read again."""
    lines = [f"{name} = {json.dumps(getattr(settings, name))}" for name in ("log_level", "log_format")]
    for section in _SECTIONS:
        lines += ["", f"[{section}]"]
        policy = getattr(settings, section)
        names = [f.name for f in dataclasses.fields(policy) if f.name not in _IN_OTHER_FILES]
        lines += [f"{name} = {_toml(getattr(policy, name))}" for name in names]
    return "\n".join(lines) + "\n"


def _toml(value: object) -> str:
    if isinstance(value, timedelta):
        return f"{value.total_seconds():g}"
    if isinstance(value, tuple):
        return "[" + ", ".join(json.dumps(item, ensure_ascii=False) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False)
