"""All metrics: those of the exporter, and our own."""

from functools import partial
from pathlib import Path

from flask import Flask
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from serving.model.onnx_model import LOAD_REASONS
from serving.monitoring.exporter import Exporter
from serving.monitoring.model_metrics.predictions import PredictionFamilies
from serving.monitoring.multiprocess.collector import SharedCollector
from serving.monitoring.multiprocess.values import use_reserved_files
from serving.monitoring.process_metrics import ProcessMetrics
from serving.monitoring.tasks import TaskErrors
from serving.monitoring.tracing.exemplars import ExemplarCollector, Exemplars

LATENCIES = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5)
TASKS = (
    "database",
    "database-retention",
    "partner",
    "reload-current",
    "reload-partner",
    "reload-shadow",
    "request_log",
    "requests",
    "shadow",
    "version-retention",
)
SECONDS = (0.01, 0.05, 0.1, 0.5, 1, 5)
MODEL_SECONDS = (2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 0.001, 0.005, 0.01, 0.05, 0.1, 1)


class ServiceMetrics(PredictionFamilies):
    """All metrics of one application, in their own registry.

    Args:
        app: The application, to which the exporter's hooks are added.
        folder: The folder through which workers share values; None for one process.
    """

    def __init__(self, app: Flask, folder: Path | None = None) -> None:
        self.folder = folder
        self.exemplars: Exemplars | None = None
        self.registry = CollectorRegistry()
        self._shared = SharedCollector(folder) if folder else None
        if folder:
            use_reserved_files()
        super().__init__(self.registry)
        self.requests = Exporter(
            app, path=None, registry=self.registry, buckets=LATENCIES
        )
        self._create()

    def _create(self) -> None:
        own = self.registry
        counter = partial(Counter, registry=own)
        histogram = partial(Histogram, registry=own)
        gauge = partial(Gauge, registry=own, multiprocess_mode="livesum")
        background_errors = counter(
            "serving_background_errors",
            "Unexpected errors of background tasks",
            ["task"],
        )
        # PromQL sees no increase in a counter that appears with its first event.
        for task in TASKS:
            background_errors.labels(task)
        self.errors = TaskErrors(lambda task: background_errors.labels(task).inc())
        self.rejected = counter(
            "serving_rejected_values", "Rejected input values", ["field", "reason"]
        )
        self.load_seconds = histogram(
            "serving_model_load_seconds",
            "Time to load and check a model",
            buckets=SECONDS,
        )
        self.load_failures = counter(
            "serving_model_load_failures",
            "Published models refused by a worker",
            ["reason"],
        )
        for reason in LOAD_REASONS:
            self.load_failures.labels(reason)
        self.shadow = counter(
            "serving_shadow_predictions",
            "Rows predicted by both the served and the shadow model",
            ["version", "shadow", "agrees"],
        )
        self.paired = counter(
            "serving_paired_predictions",
            "Rows predicted by both Production and its partner",
            ["version", "other", "agrees"],
        )
        self.pair_seconds = histogram(
            "serving_pair_seconds",
            "Prediction time of each of two models for the same request",
            ["version"],
            buckets=MODEL_SECONDS,
        )
        self.partner_errors = counter(
            "serving_partner_errors",
            "Failed predictions of Production's partner",
            ["version"],
        )
        self.dropped = counter(
            "serving_dropped_rows",
            "Rows dropped because an observer could not keep up",
            ["observer"],
        )
        self.in_flight = gauge(
            "serving_requests_in_flight",
            "Predictions, explanations and feedback waiting or running",
        )
        self.buffered_bytes = gauge(
            "serving_buffered_bytes", "Memory used by large requests and responses"
        )
        self.wait_seconds = histogram(
            "serving_wait_seconds",
            "Time from receiving the request headers until handling began",
            buckets=LATENCIES,
        )
        self.processes = ProcessMetrics(own)
        self.key_reload_failures = counter(
            "serving_key_reload_failures", "Failed reloads of the API key file"
        )

    @property
    def counted(self) -> Collector:
        """What all workers have counted."""
        return self._shared or self.registry

    def render(self, state: Collector, accept: str) -> tuple[bytes, str]:
        """Write all metrics in the format that the scraper accepts."""
        encode, content_type = choose_encoder(accept)
        registry = CollectorRegistry()
        counted = self.counted
        if self.exemplars:
            counted = ExemplarCollector(counted, self.exemplars)
        registry.register(counted)
        registry.register(state)
        return encode(registry), content_type
