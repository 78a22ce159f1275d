"""Metrics that are read at scrape time: the loaded model and the registry's state."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from serving.model.onnx_model import LOAD_REASONS, SYNC_REASONS, Model
from serving.model.store.report import FollowerReport
from serving.monitoring.features.training import (
    Samples,
    create_gauge,
    describe_training,
)

if TYPE_CHECKING:
    from serving.canary.partner import Partner
    from serving.loading.current import Current


class StateCollector(Collector):
    """Reports the current state, so that nothing of earlier models remains."""

    def __init__(self, current: "Current", partner: "Partner") -> None:
        self._current = current
        self._partner = partner

    def collect(self) -> Iterator[Metric]:
        """Yield the current metrics."""
        yield from self._follower()
        served = self._current.served
        if served is None:
            return
        version = served.model.version
        yield create_gauge(
            "serving_model_info",
            "The loaded model",
            ["name", "version", "run_id", "alias"],
            [([version.name, version.version, version.run_id, version.alias], 1)],
        )
        yield GaugeMetricFamily(
            "serving_model_fallback",
            "1 if Previous is served because Production was refused",
            float(self._current.is_fallback),
        )
        yield create_gauge(
            "serving_heldout_accuracy",
            "Accuracy of the loaded model on its held-out rows",
            ["version"],
            _find_accuracy(served.model),
        )
        yield from describe_training(served.model.contract)
        if partner := self._partner.find(served):
            beside = partner.served.model.version
            yield create_gauge(
                "serving_canary_share",
                "Share of the requests assigned to Production's partner",
                ["version", "alias"],
                [([beside.version, beside.alias], partner.share)],
            )

    def _follower(self) -> Iterator[Metric]:
        report = self._current.report
        if report is None:
            return
        if report.has_polled:
            yield GaugeMetricFamily(
                "serving_registry_up",
                "1 if the last poll of the registry was recent and succeeded",
                float(report.reachable and not report.is_overdue),
            )
        if report.last_seen is not None:
            yield GaugeMetricFamily(
                "serving_registry_last_seen_timestamp_seconds",
                "Time of the last successful poll of the registry",
                report.last_seen,
            )
        yield GaugeMetricFamily(
            "serving_store_damaged",
            "1 if the files of a published version are damaged or missing",
            float(report.damaged is not None),
        )
        yield from _count_events(report)


def _find_accuracy(model: Model) -> Samples:
    """Return the held-out accuracy if the contract contains it."""
    metrics = model.contract.document.get("metrics")
    accuracy = metrics.get("accuracy") if isinstance(metrics, dict) else None
    if isinstance(accuracy, int | float):
        return [([model.version.version], float(accuracy))]
    return []


def _count_events(report: FollowerReport) -> Iterator[Metric]:
    """Yield the follower's counters."""
    refused = CounterMetricFamily(
        "serving_follower_refused",
        "Registered versions refused by the follower",
        labels=["reason"],
    )
    # All reasons, because PromQL sees no increase in a counter that has just appeared.
    counts = dict.fromkeys((*LOAD_REASONS, *SYNC_REASONS), 0) | report.refused
    for reason, count in counts.items():
        refused.add_metric([reason], count)
    yield refused
    for name, text, entry in (
        ("store_repairs", "Damaged versions replaced by the follower", "repairs"),
        ("follower_errors", "Unexpected errors of the follower", "errors"),
        ("follower_restarts", "Restarts of the follower", "restarts"),
    ):
        yield CounterMetricFamily(f"serving_{name}", text, getattr(report, entry))
