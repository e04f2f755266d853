"""/metrics: the library in numbers, as Prometheus reads them.

They are counted in the database when they are asked for, so that they are right after a restart and whichever
process did the work. Neither addresses nor titles are among them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from aggregator.storage.figures import read_figures
from web.services import services
from web.watchers import watchers_only

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from prometheus_client import Metric

    from aggregator.storage.figures import Figures

blueprint = Blueprint("metrics", __name__)


@blueprint.get("/metrics")
@watchers_only
def metrics() -> Response:
    with services().database.read() as connection:
        figures = read_figures(connection, services().clock())
    registry = CollectorRegistry()
    registry.register(_Collector(figures))
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class _Collector:
    """What prometheus_client calls a collector, over figures that were read already."""

    def __init__(self, figures: Figures) -> None:
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        f = self._figures
        yield _by("feeds", "Feeds that somebody follows, by state.", "state", f.feeds)
        yield _by("feeds_last_outcome", "Feeds by what their last check brought.", "outcome", f.outcomes)
        yield _by("feeds_error", "Failing feeds by the kind of their error.", "code", f.errors)
        yield _one("feeds_due", "Feeds that wait to be checked.", f.due)
        yield _one("feeds_pushed", "Feeds whose hub pushes what is new (WebSub).", f.pushed)
        yield _one("entries", "Entries in the library.", f.entries)
        yield _one("entries_pending", "Entries that wait to be linked.", f.pending)
        yield _one("links", "Pairs of related entries.", f.links)
        if f.run is not None:
            yield _one("refresh_end_timestamp_seconds", "When a run last ended.", f.run.ended_at.timestamp())
            yield _one("refresh_duration_seconds", "How long the last run took.", f.run.seconds)
            yield _one("refresh_feeds", "Feeds of the last run.", f.run.feeds)
            yield _one("refresh_failed", "Feeds that failed in the last run.", f.run.failed)
            yield _one("refresh_new_entries", "Entries that the last run brought.", f.run.new_entries)
        seen = services().heartbeat()
        if seen is not None:
            yield _one("scheduler_timestamp_seconds", "When the scheduler last ran.", seen.timestamp())


def _one(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(f"lire_aussi_{name}", words, value=value)


def _by(name: str, words: str, label: str, values: Mapping[str, int]) -> Metric:
    family = GaugeMetricFamily(f"lire_aussi_{name}", words, labels=[label])
    for kind, value in sorted(values.items()):
        family.add_metric([kind], value)
    return family
