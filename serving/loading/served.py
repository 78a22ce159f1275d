"""A model with everything built from it, checked before it is served."""

from dataclasses import dataclass

import numpy as np
import orjson

from serving.config import Config
from serving.model.explanation import Explainer
from serving.model.onnx_model import Model, ModelRefusedError
from serving.monitoring.model_metrics.feedback import FeedbackMetrics
from serving.monitoring.model_metrics.predictions import (
    PredictionFamilies,
    PredictionMetrics,
)
from serving.openapi.document import render_openapi
from serving.schemas.requests import Schemas


@dataclass(frozen=True)
class Served:
    """A model with its schemas, its metrics and the description of its API.

    Attributes:
        explainer: Explains its predictions; None without background rows.
    """

    model: Model
    schemas: Schemas
    openapi: bytes
    metrics: PredictionMetrics
    feedback_metrics: FeedbackMetrics
    explainer: Explainer | None


def build_served(model: Model, metrics: PredictionFamilies, config: Config) -> Served:
    """Build everything that serves a model, and check it with the golden rows.

    Workers serve the result, and the follower publishes a version only if this
    succeeds: it accepts exactly the models that workers can serve.

    Raises:
        ModelRefusedError: If the model cannot be served.
    """
    try:
        schemas = Schemas(model.contract, config.max_rows, config.max_explained_rows)
        protected = config.api_keys_file is not None
        openapi = render_openapi(model, schemas, protected=protected)
        _check_golden_rows(model, schemas, config.max_rows)
        _check_gaps(model)
        explainer = None
        if len(model.contract.background):
            explainer = Explainer(model, config.explain_seconds)
        takes_feedback = config.database_url is not None
        return Served(
            model,
            schemas,
            openapi,
            PredictionMetrics(metrics, model),
            FeedbackMetrics(metrics, model, is_prepared=takes_feedback),
            explainer,
        )
    except ModelRefusedError:
        raise
    except Exception as error:
        detail = f"{type(error).__name__}: {error}"
        raise ModelRefusedError("unservable", detail) from error


def _check_golden_rows(model: Model, schemas: Schemas, max_rows: int) -> None:
    """Read golden rows as JSON, one row and a batch, and compare the predictions."""
    expected = model.contract.golden_rows
    examples = orjson.loads(orjson.dumps(model.contract.examples[:max_rows]))
    rows = schemas.load_batch({"instances": examples})
    first = schemas.load_row(examples[0])
    if not (
        np.array_equal(rows, expected.inputs[: len(rows)], equal_nan=True)
        and np.array_equal(first, rows[:1], equal_nan=True)
    ):
        raise ModelRefusedError(
            "golden_rows", "golden rows change when they are read from JSON"
        )
    labels = tuple(model.predict(rows).labels.tolist())
    if labels != expected.predictions[: len(rows)]:
        raise ModelRefusedError(
            "golden_rows", "predictions for the golden rows change when served"
        )


def _check_gaps(model: Model) -> None:
    """Predict missing and unknown values, which golden rows may lack."""
    contract = model.contract
    probes = []
    for place, feature in enumerate(contract.features):
        for number in feature.gaps:
            probe = contract.golden_rows.inputs[0].copy()
            probe[place] = number
            probes.append(probe)
    if not probes:
        return
    if not model.predict(np.stack(probes)).is_valid(contract.classes):
        raise ModelRefusedError(
            "unservable", "a missing or unknown value has no prediction"
        )
