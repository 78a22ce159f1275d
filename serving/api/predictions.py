"""Routes /predict and /predict/batch: our own prediction API."""

from itertools import compress
from typing import Any

from flask import Blueprint

from serving.http.application import ApiResponse
from serving.http.content import (
    CSV,
    JSON,
    choose_media_type,
    json_response,
    read_body,
    read_json,
    read_query,
    require_content,
)
from serving.model.onnx_model import Model
from serving.predictor import PredictionResult
from serving.schemas.csv_rows import write_csv
from serving.schemas.query import SOURCE, BatchQuerySchema
from serving.schemas.requests import Schemas
from serving.schemas.rows import Matrix
from serving.service import the_service

blueprint = Blueprint("predictions", __name__)
batch_query = BatchQuerySchema()


@blueprint.post("/predict")
def predict() -> ApiResponse:
    """Predict one row."""
    choose_media_type(JSON)
    require_content(JSON)
    service = the_service()
    served = service.current.get()
    rows = served.schemas.load_row(read_json())
    result = service.predictor.predict(served, rows)
    return json_response(describe_row(result))


@blueprint.post("/predict/batch")
def predict_batch() -> ApiResponse:
    """Predict many rows."""
    wanted = choose_media_type(JSON, CSV)
    mimetype = require_content(JSON, CSV)
    layout = read_query(batch_query)["layout"]
    service = the_service()
    served = service.current.get()
    rows = _read_rows(served.schemas, mimetype, layout)
    result = service.predictor.predict(served, rows)
    if wanted == CSV:
        text = write_csv(result.served.model.contract.classes, result.prediction)
        return ApiResponse(text, content_type=f"{CSV}; charset=utf-8")
    return json_response(describe_batch(result))


def describe_row(result: PredictionResult) -> dict[str, Any]:
    """Describe the prediction of one row."""
    model = result.served.model
    contract = model.contract
    label, probabilities = result.prediction.labels[0], result.prediction.probabilities
    outside = result.outside[0].tolist()
    named = {"label": contract.labels.get(label, label)} if contract.labels else {}
    return {
        "prediction": label,
        **named,
        "probabilities": dict(zip(contract.classes, probabilities[0], strict=True)),
        "prediction_id": result.prediction_id,
        "model": describe_model(model),
        "out_of_range": list(compress(contract.feature_names, outside)),
    }


def describe_batch(result: PredictionResult) -> dict[str, Any]:
    """Describe the predictions of many rows."""
    model = result.served.model
    return {
        "classes": model.contract.classes,
        "predictions": result.prediction.labels.tolist(),
        "probabilities": result.prediction.probabilities,
        "prediction_id": result.prediction_id,
        "model": describe_model(model),
    }


def describe_model(model: Model) -> dict[str, Any]:
    """Name the version that computed a result."""
    version = model.version
    return {
        "name": version.name,
        "version": version.version,
        "run_id": version.run_id,
    }


def _read_rows(schemas: Schemas, mimetype: str, layout: str) -> Matrix:
    if mimetype == CSV:
        load = schemas.load_source if layout == SOURCE else schemas.load_csv
        return load(read_body())
    return schemas.load_batch(read_json())
