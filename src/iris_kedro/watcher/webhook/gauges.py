"""Metrics of the watcher, read from the database and the last report at each scrape.

All replicas therefore export the same values, and these survive a restart.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from iris_kedro.errors import ProjectError
from iris_kedro.monitoring.gauges import describe_gauges
from iris_kedro.specification import Rules
from iris_kedro.watcher.records.store import Store
from iris_kedro.watcher.rules import Outcome
from iris_kedro.watcher.status import read_status
from iris_kedro.watcher.triggers.monitoring import Report, read_report


@dataclass(frozen=True)
class WatcherCollector(Collector):
    """Collects the metrics of the watcher and of monitoring."""

    store: Store
    rules: Rules
    report: Path

    def collect(self) -> Iterator[Metric]:
        """Yield all metrics; without the database, only that it is unreachable."""
        try:
            yield from self._collect_state()
            is_reachable = 1.0
        except SQLAlchemyError:
            is_reachable = 0.0
        text = "Whether the database can be reached"
        yield _gauge("watcher_database_up", text, is_reachable)
        try:
            report = read_report(self.report)
        except ProjectError:
            return
        if report is not None:
            yield from _collect_report(report)

    def _collect_state(self) -> Iterator[Metric]:
        status = read_status(self.store, self.rules)
        waiting, left = len(status.waiting), status.budget
        yield _gauge("watcher_triggers_waiting", "Waiting triggers", waiting)
        yield _gauge(
            "watcher_runs_left", "Runs that may still start within 24 hours", left
        )
        is_open = status.is_breaker_open
        yield _gauge("watcher_breaker_open", "Whether the breaker is open", is_open)
        refused = "Newest runs in a row that the gate refused"
        yield _gauge("watcher_refused_in_a_row", refused, status.refused_in_a_row)
        yield _gauge(
            "watcher_last_training_timestamp_seconds",
            "End of the last run that did not fail; 0 if there is none",
            status.trained_at or 0.0,
        )
        created = GaugeMetricFamily(
            "watcher_model_created_timestamp_seconds",
            "Time when the version in Production was registered",
            labels=["version"],
        )
        if status.production is not None:
            version, seconds = status.production
            created.add_metric([version], seconds)
        yield created
        running = GaugeMetricFamily("watcher_run_seconds", "Age of the current run")
        for run in status.running:
            running.add_metric([], status.now - run.decided_at)
        yield running
        decisions = CounterMetricFamily(
            "watcher_decisions", "Decisions by action", labels=["action", "rule"]
        )
        for labels, count in self.store.count_decisions().items():
            decisions.add_metric(labels, count)
        yield decisions
        runs = CounterMetricFamily("watcher_runs", "Finished runs", labels=["outcome"])
        # All outcomes: PromQL sees no increase in a counter that has just appeared.
        counts = dict.fromkeys(map(str, Outcome), 0) | self.store.count_outcomes()
        for outcome, count in counts.items():
            runs.add_metric([outcome], count)
        yield runs


def _collect_report(report: Report) -> Iterator[Metric]:
    families: dict[str, GaugeMetricFamily] = {}
    for name, labels, value in describe_gauges(report.content):
        text = "From the last report of the monitoring pipeline"
        family = families.setdefault(
            name, GaugeMetricFamily(name, text, labels=list(labels))
        )
        family.add_metric(list(labels.values()), value)
    yield from families.values()


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, value=value)
