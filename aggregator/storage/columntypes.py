"""Types of columns that the databases do not have: our facts as text, and moments that keep their zone."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import DateTime, Text, types

from aggregator.domain import Details, Enclosure, SkippedTimes

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

    from aggregator.domain import CategoryPath


class UtcDateTime(types.TypeDecorator[datetime]):
    """An aware UTC moment. SQLite drops the zone even with `timezone=True`; a naive value is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a naive moment cannot be stored: {value!r}")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class PathText(types.TypeDecorator["CategoryPath"]):
    """A category path as a JSON array: any character may stand in a name, and equal paths are equal text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: CategoryPath | None, dialect: Dialect) -> str | None:
        return None if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    def process_result_value(self, value: str | None, dialect: Dialect) -> CategoryPath | None:
        return None if value is None else tuple(json.loads(value))


class DetailsText(types.TypeDecorator["Details"]):
    """What else a publisher says of an entry, as JSON; NULL where that is nothing."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Details | None, dialect: Dialect) -> str | None:
        said = {name: fact for name, fact in asdict(value).items() if fact} if value else {}
        return json.dumps(said, ensure_ascii=False, separators=(",", ":")) if said else None

    def process_result_value(self, value: str | None, dialect: Dialect) -> Details:
        said = json.loads(value) if value else {}
        enclosures = tuple(Enclosure(**enclosure) for enclosure in said.pop("enclosures", ()))
        categories = tuple(said.pop("categories", ()))
        return Details(enclosures=enclosures, categories=categories, **said)


class MomentsText(types.TypeDecorator["tuple[datetime, ...]"]):
    """Moments as a JSON array of seconds since 1970; NULL where there are none."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: tuple[datetime, ...] | None, dialect: Dialect) -> str | None:
        return json.dumps([int(moment.timestamp()) for moment in value]) if value else None

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[datetime, ...]:
        return tuple(datetime.fromtimestamp(seconds, UTC) for seconds in json.loads(value or "[]"))


class SkippedText(types.TypeDecorator["SkippedTimes"]):
    """Skipped hours and week days as two JSON arrays in one."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: SkippedTimes | None, dialect: Dialect) -> str | None:
        return json.dumps([sorted(value.hours), sorted(value.weekdays)]) if value else None

    def process_result_value(self, value: str | None, dialect: Dialect) -> SkippedTimes | None:
        if value is None:
            return None
        hours, weekdays = json.loads(value)
        return SkippedTimes(hours=frozenset(hours), weekdays=frozenset(weekdays))
