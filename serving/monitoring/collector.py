"""Metrics that are read at scrape time: the loaded model and the registry's state."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from serving.model.contract import Contract
from serving.model.current import Current
from serving.model.onnx_model import LOAD_REASONS, SYNC_REASONS
from serving.model.store.report import FollowerReport


class StateCollector(Collector):
    """Reports the current state; nothing of an earlier model remains."""

    def __init__(self, current: Current) -> None:
        self._current = current

    def collect(self) -> Iterator[Metric]:
        """Yield the current metrics."""
        yield from self._follower()
        served = self._current.served
        if served is None:
            return
        version = served.model.version
        yield _gauge(
            "serving_model_info",
            "The loaded model",
            ["name", "version", "run_id", "alias"],
            [([version.name, version.version, version.run_id, version.alias], 1)],
        )
        yield _gauge(
            "serving_model_fallback",
            "1 if Previous is served because Production was refused",
            [],
            [([], float(self._current.is_fallback))],
        )
        yield from _training(served.model.contract)

    def _follower(self) -> Iterator[Metric]:
        report = self._current.report
        if report is None:
            return
        if report.has_polled:
            yield _gauge(
                "serving_registry_up",
                "1 if the last poll of the registry succeeded",
                [],
                [([], float(report.reachable))],
            )
        if report.last_seen is not None:
            yield _gauge(
                "serving_registry_last_seen_timestamp_seconds",
                "Time of the last successful poll of the registry",
                [],
                [([], report.last_seen)],
            )
        yield _gauge(
            "serving_store_damaged",
            "1 if files of a published version are damaged or missing",
            [],
            [([], float(report.damaged is not None))],
        )
        yield from _count_events(report)


def _count_events(report: FollowerReport) -> Iterator[Metric]:
    """Yield the follower's counters."""
    refused = CounterMetricFamily(
        "serving_follower_refused",
        "Registered versions refused by the follower",
        labels=["reason"],
    )
    # All reasons: PromQL sees no increase in a counter that has just appeared.
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


def _training(contract: Contract) -> Iterator[Metric]:
    """Yield the training statistics, for drift in PromQL."""
    values = {
        "serving_feature_minimum": ("Minimum accepted value", "minimum"),
        "serving_training_mean": ("Mean in training", "mean"),
        "serving_training_standard_deviation": (
            "Standard deviation in training",
            "standard_deviation",
        ),
    }
    for name, (text, attribute) in values.items():
        samples = [([f.name], getattr(f, attribute)) for f in contract.features]
        yield _gauge(name, text, ["feature"], samples)
    counts = contract.training_counts
    samples = [
        ([label], count / sum(counts))
        for label, count in zip(contract.classes, counts, strict=True)
    ]
    name = "serving_training_share"
    yield _gauge(name, "Share of a class in training", ["prediction"], samples)


def _gauge(
    name: str,
    text: str,
    labels: list[str],
    samples: list[tuple[list[str], float]],
) -> GaugeMetricFamily:
    gauge = GaugeMetricFamily(name, text, labels=labels)
    for values, value in samples:
        gauge.add_metric(values, value)
    return gauge
