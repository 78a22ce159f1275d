"""What Prometheus sees: requests through the exporter, and our own metrics."""

import fcntl
from collections.abc import Callable, Iterable
from pathlib import Path

from flask import Flask, Response, request
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from prometheus_flask_exporter import PrometheusMetrics
from prometheus_flask_exporter.multiprocess import GunicornPrometheusMetrics

from serving.model.onnx_model import LOAD_REASONS
from serving.monitoring.metrics_files import locked

CONFIDENCE = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)
ROWS = (1, 10, 100, 1_000, 10_000, 100_000)
SECONDS = (0.01, 0.05, 0.1, 0.5, 1, 5)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
UNKNOWN = "unknown"


def route() -> str:
    """Name the route of the request: its rule, never the raw path."""
    return request.url_rule.rule if request.url_rule else UNKNOWN


class ServiceMetrics:
    """All metrics of one application, in a registry of their own.

    Args:
        app: Gets the exporter's hooks.
        folder: Where gunicorn's workers share their values; None in one process.
    """

    def __init__(self, app: Flask, folder: Path | None = None) -> None:
        self.folder = folder
        self.registry = CollectorRegistry()
        exporter = GunicornPrometheusMetrics if folder else PrometheusMetrics
        app.before_request(_bound_method)
        self._exporters = self.registry if folder is None else CollectorRegistry()
        exporter(
            app,
            path=None,
            registry=self._exporters,
            group_by=_route_label,
            excluded_paths="/metrics$",
            buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5),
        )
        self._create()

    def _create(self) -> None:
        own = self.registry
        self.rejected = Counter(
            "serving_rejected_values",
            "Input values that were not accepted",
            ["field", "reason"],
            registry=own,
        )
        self.load_seconds = Histogram(
            "serving_model_load_seconds",
            "Time to load a model, its checks included",
            buckets=SECONDS,
            registry=own,
        )
        self.load_failures = Counter(
            "serving_model_load_failures",
            "Published models that a worker refused",
            ["reason"],
            registry=own,
        )
        # A counter that appears with its first event has not increased, says PromQL.
        for reason in LOAD_REASONS:
            self.load_failures.labels(reason)
        self.shadow = Counter(
            "serving_shadow_predictions",
            "Rows also predicted by the shadow model",
            ["version", "shadow", "agrees"],
            registry=own,
        )
        self.dropped = Counter(
            "serving_dropped_rows",
            "Rows that an observer could not take",
            ["observer"],
            registry=own,
        )
        self.in_flight = Gauge(
            "serving_requests_in_flight",
            "Prediction requests being worked on",
            multiprocess_mode="livesum",
            registry=own,
        )
        self._create_prediction_metrics()

    def _create_prediction_metrics(self) -> None:
        own = self.registry
        self.predictions = Counter(
            "serving_predictions",
            "Rows predicted",
            ["version", "prediction"],
            registry=own,
        )
        self.confidence = Histogram(
            "serving_confidence",
            "Probability of the predicted class",
            ["version"],
            buckets=CONFIDENCE,
            registry=own,
        )
        self.batch_rows = Histogram(
            "serving_batch_rows", "Rows in a request", buckets=ROWS, registry=own
        )
        self.out_of_range = Counter(
            "serving_out_of_range",
            "Accepted values outside of what the model was trained on",
            ["version", "feature"],
            registry=own,
        )
        self.offset = Counter(
            "serving_feature_offset",
            "Sum of (value - serving_feature_minimum): the mean, when divided by rows",
            ["version", "feature"],
            registry=own,
        )
        self.squared_offset = Counter(
            "serving_feature_squared_offset",
            "Sum of (value - serving_feature_minimum)^2: gives the deviation",
            ["version", "feature"],
            registry=own,
        )

    def meter_answers(
        self, method: str, rule: str, status: int
    ) -> Callable[[float], None]:
        """Return what counts an answer as the exporter does, given its seconds."""
        known = self._exporters._names_to_collectors
        duration = known["flask_http_request_duration_seconds"]
        total = known["flask_http_request_total"]
        seconds = duration.labels(method, rule, str(status))  # type: ignore[attr-defined]
        answers = total.labels(method, str(status))  # type: ignore[attr-defined]

        def count(taken: float) -> None:
            seconds.observe(taken)
            answers.inc()

        return count

    def render(self, state: Collector, accept: str) -> tuple[bytes, str]:
        """Write everything in the format that the scraper accepts."""
        encode, content_type = choose_encoder(accept)
        if self.folder is None:
            registry = CollectorRegistry()
            registry.register(state)
            return encode(_Both(self.registry, registry)), content_type
        shared = CollectorRegistry()
        MultiProcessCollector(shared, str(self.folder))
        shared.register(state)
        with locked(self.folder, fcntl.LOCK_SH):
            return encode(shared), content_type


class _Both(CollectorRegistry):
    """Two registries read as one."""

    def __init__(self, *parts: CollectorRegistry) -> None:
        super().__init__()
        self._parts = parts

    def collect(self) -> Iterable[Metric]:
        for part in self._parts:
            yield from part.collect()


def create_scrape_view(
    metrics: ServiceMetrics, state: Collector
) -> Callable[[], Response]:
    """Create the view of /metrics."""

    def scrape() -> Response:
        """Answer a scrape."""
        body, content_type = metrics.render(state, request.headers.get("Accept", ""))
        return Response(body, content_type=content_type)

    return scrape


def _route_label(_: object) -> str:
    return route()


# The exporter names the label after the function.
_route_label.__name__ = "route"


def _bound_method() -> None:
    """Keep invented methods from becoming label values without end."""
    if request.method not in METHODS:
        request.method = "OTHER"
