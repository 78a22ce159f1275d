"""The OpenAPI document, the routes and the metrics, from a running service.

It serves the model of the last training, which ``make docs`` runs first.
"""

import json
import os
from collections.abc import Iterable
from functools import cache
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from prometheus_client import Metric
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.registry import Collector

from serving.app import create_app
from serving.config import Config
from serving.model.onnx_model import Model, Version
from serving.service import EXTENSION

MODEL = Path(__file__).resolve().parents[2] / "data/06_models/iris/challenger.onnx"
OF_SAMPLES = {"le", "quantile"}  # labels within a histogram or summary


class Described(NamedTuple):
    """The OpenAPI document, and the metrics with the names of their labels."""

    openapi: dict[str, Any]
    metrics: list[tuple[Metric, list[str]]]


def render_openapi() -> str:
    """Return the OpenAPI document as a script: pages opened as files load no JSON."""
    return f"const openapi = {json.dumps(_read_service().openapi)};\n"


def render_routes() -> str:
    """Return a row for each route and method."""
    rows = ["| route | purpose |", "| --- | --- |"]
    for path, methods in _read_service().openapi["paths"].items():
        for method, operation in methods.items():
            rows.append(f"| `{method.upper()} {path}` | {operation['summary']} |")
    return "\n".join(rows)


def render_metrics() -> str:
    """Return a row for each metric: name, type, labels, meaning."""
    rows = ["| metric | type | labels | meaning |", "| --- | --- | --- | --- |"]
    for metric, labels in _read_service().metrics:
        name = f"{metric.name}_total" if metric.type == "counter" else metric.name
        shown = ", ".join(f"`{label}`" for label in labels)
        rows.append(f"| `{name}` | {metric.type} | {shown} | {metric.documentation} |")
    return "\n".join(rows)


@cache
def _read_service() -> Described:
    file = Path(os.environ.get("IRIS_DOCS_MODEL", MODEL))
    if not file.exists():
        raise FileNotFoundError(f"{file} is missing; make run trains a model")
    digest = f"sha256:{sha256(file.read_bytes()).hexdigest()}"
    model = Model.load(file, Version("iris", "1", run_id="0" * 32, digest=digest))
    with TemporaryDirectory() as folder:
        database = f"sqlite:///{folder}/predictions.db"
        config = Config(store=Path(folder), model_name="iris", database_url=database)
        app = create_app(config, model)
        service = app.extensions[EXTENSION]
        try:
            openapi = app.test_client().get("/openapi.json").get_json()
            return Described(openapi, _describe(service.metrics.registry))
        finally:
            service.stop()


def _describe(registry: Any) -> list[tuple[Metric, list[str]]]:
    # The client library has no public list of its collectors and their labels.
    collectors: Iterable[Collector] = registry._collector_to_names
    found = {}
    for collector in collectors:
        declared = (
            collector._labelnames if isinstance(collector, MetricWrapperBase) else ()
        )
        for metric in collector.collect():
            seen = [name for each in metric.samples for name in each.labels]
            labels = dict.fromkeys([*declared, *seen])
            found[metric.name] = (
                metric,
                [name for name in labels if name not in OF_SAMPLES],
            )
    return [found[name] for name in sorted(found)]
