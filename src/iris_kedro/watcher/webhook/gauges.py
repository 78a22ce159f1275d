"""Metrics of the watcher, read from the database and the last report when asked for.

So they are the same on each replica and survive a restart.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from iris_kedro.errors import ProjectError
from iris_kedro.specification import Rules
from iris_kedro.watcher.records.store import Store
from iris_kedro.watcher.status import read_status
from iris_kedro.watcher.triggers.monitoring import Report, read_report


@dataclass(frozen=True)
class WatcherCollector(Collector):
    """Collects what there is to know.

    Attributes:
        store: Triggers and decisions.
        rules: The rules in force.
        report: The file that the monitoring pipeline writes.
    """

    store: Store
    rules: Rules
    report: Path

    def collect(self) -> Iterator[Metric]:
        """Yield all metrics; without the database, only that it is away."""
        try:
            yield from self._collect_state()
            is_reachable = 1.0
        except SQLAlchemyError:
            is_reachable = 0.0
        yield _gauge("watcher_database_up", "Whether it can be reached", is_reachable)
        try:
            report = read_report(self.report)
        except ProjectError:
            return
        if report is not None:
            yield from _collect_report(report)

    def _collect_state(self) -> Iterator[Metric]:
        status = read_status(self.store, self.rules)
        yield _gauge("watcher_triggers_waiting", "Triggers", len(status.waiting))
        yield _gauge("watcher_runs_left", "Runs of the next 24 hours", status.budget)
        yield _gauge("watcher_breaker_open", "Whether it is", status.is_breaker_open)
        running = GaugeMetricFamily("watcher_run_seconds", "How long a run has lasted")
        for run in status.running:
            running.add_metric([], status.now - run.decided_at)
        yield running
        decisions = CounterMetricFamily(
            "watcher_decisions", "What was decided", labels=["action", "rule"]
        )
        for labels, count in self.store.count_decisions().items():
            decisions.add_metric(labels, count)
        yield decisions
        runs = CounterMetricFamily(
            "watcher_runs", "Runs that have ended", labels=["outcome"]
        )
        for outcome, count in self.store.count_outcomes().items():
            runs.add_metric([outcome], count)
        yield runs


def _collect_report(report: Report) -> Iterator[Metric]:
    verdict = GaugeMetricFamily(
        "monitoring_verdict", "What is 1 holds", labels=["verdict", "version"]
    )
    verdict.add_metric([report.verdict, report.version], 1)
    yield verdict
    yield _gauge("monitoring_rows", "Predictions that were looked at", report.rows)
    evidence = GaugeMetricFamily(
        "monitoring_feature",
        "What a look at a feature gave",
        labels=["feature", "part"],
    )
    for name, found in report.features.items():
        for part, value in _select_numbers(found):
            evidence.add_metric([name, part], value)
    yield evidence
    accuracy = GaugeMetricFamily(
        "monitoring_accuracy", "Accuracy and what belongs to it", labels=["part"]
    )
    for part, value in _select_numbers(report.accuracy):
        accuracy.add_metric([part], value)
    yield accuracy


def _select_numbers(values: dict[str, Any]) -> Iterator[tuple[str, float]]:
    for name, value in values.items():
        if isinstance(value, int | float):
            yield name, float(value)


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, value=value)
