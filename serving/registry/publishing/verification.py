"""Checks a model with the code that serves it, before it is published.

Imported late: prometheus_client decides on import whether metrics are shared with other
processes, and those of a check must not be.
"""

from prometheus_client import CollectorRegistry, generate_latest

from serving.config import Config
from serving.loading.served import build_served
from serving.model.onnx_model import Model, ModelRefusedError
from serving.monitoring.model_metrics.predictions import PredictionFamilies


def verify(model: Model, config: Config) -> None:
    """Do what workers do: build, predict the golden rows, count, render metrics.

    Raises:
        ModelRefusedError: If workers could not serve the model.
    """
    registry = CollectorRegistry()
    served = build_served(model, PredictionFamilies(registry), config)
    rows = model.contract.golden_rows.inputs
    try:
        served.metrics.record([len(rows)], rows, model.predict(rows))
        generate_latest(registry)
    except Exception as error:
        detail = f"{type(error).__name__}: {error}"
        raise ModelRefusedError("unservable", detail) from error
