"""The paths of the OpenAPI document: each route, its bodies and its statuses."""

import csv
import io
from typing import Any

from serving.model.contract.contract import Contract
from serving.model.onnx_model import Model
from serving.openapi.bodies import example_tensors
from serving.openapi.feedback import describe_feedback_csv, describe_feedback_json
from serving.openapi.operations import JSON, TEXT, Operation, Post, describe_get, refer
from serving.schemas.query import BatchQuerySchema, VersionQuerySchema
from serving.schemas.responses.predictions import PREDICTION_ID

CSV, BINARY = "text/csv", "application/octet-stream"


def describe_paths(model: Model, *, protected: bool) -> dict[str, dict[str, Operation]]:
    """Describe all routes for one model."""
    post = Post(protected)
    groups = {
        "Predictions": _prediction_paths(model.contract, post),
        "Explanations": _explanation_paths(model.contract, post),
        "Feedback": _feedback_paths(model.contract, post),
        "Service and model": _information_paths(protected),
        "MLflow's scoring protocol": _scoring_paths(model.contract, post),
        "Open Inference Protocol v2": _inference_paths(model, post),
    }
    return {
        path: {method: {"tags": [tag]} | each for method, each in operations.items()}
        for tag, paths in groups.items()
        for path, operations in paths.items()
    }


def _prediction_paths(contract: Contract, post: Post) -> dict[str, Any]:
    example = contract.examples[0]
    rows = contract.examples[:2]
    table = {
        "columns": list(contract.feature_names),
        "data": [list(row.values()) for row in rows],
    }
    many = {
        "schema": {"oneOf": [refer("InstancesRequest"), refer("TableRequest")]},
        "examples": {
            "instances": {"value": {"instances": rows}},
            "table": {"value": table},
        },
    }
    one = {"schema": refer("PredictionRequest"), "example": example}
    return {
        "/predict": post.describe(
            "Predict one row",
            {JSON: one},
            {JSON: {"schema": refer("PredictionResponse")}},
            extra=[406],
        ),
        "/predict/batch": post.describe(
            "Predict many rows",
            {JSON: many, CSV: _csv(contract)},
            {JSON: {"schema": refer("BatchResponse")}, CSV: {"schema": TEXT}},
            extra=[406],
            query=BatchQuerySchema,
        ),
    }


def _explanation_paths(contract: Contract, post: Post) -> dict[str, Any]:
    rows = contract.examples[:2]
    one = {"schema": refer("PredictionRequest"), "example": rows[0]}
    many = {"schema": refer("ExplanationRequest"), "example": {"instances": rows}}

    def describe(
        summary: str, body: dict[str, Any], response: str
    ) -> dict[str, Operation]:
        return post.describe(
            summary,
            {JSON: body},
            {JSON: {"schema": refer(response)}},
            result="Shapley values",
            is_prediction=False,
            extra=[404, 406, 409],
            query=VersionQuerySchema,
        )

    return {
        "/explain": describe(
            "Explain the prediction of one row", one, "ExplanationResponse"
        ),
        "/explain/batch": describe(
            "Explain the predictions of several rows", many, "ExplanationBatchResponse"
        ),
    }


def _feedback_paths(contract: Contract, post: Post) -> dict[str, Any]:
    body = {JSON: describe_feedback_json(contract), CSV: describe_feedback_csv()}
    return {
        "/feedback": post.describe(
            "Report the correct classes of predicted rows",
            body,
            {JSON: {"schema": refer("FeedbackResponse")}},
            result="Numbers of new and changed labels",
            is_prediction=False,
            extra=[404, 406],
        )
    }


def _information_paths(protected: bool) -> dict[str, Any]:
    return {
        "/status": describe_get(
            "Get traffic, accuracy from labels, drift, canary, hold and versions",
            [503],
            protected=protected,
            tagged="StatusResponse",
        ),
        "/model": describe_get(
            "Get the contract, metrics and gate verdict of the model",
            [503],
            tagged="ModelResponse",
        ),
        "/health/live": describe_get("Check liveness"),
        "/health/ready": describe_get("Check readiness", [503]),
        "/metrics": describe_get("Get metrics for Prometheus", content="text/plain"),
    }


def _scoring_paths(contract: Contract, post: Post) -> dict[str, Any]:
    names = list(contract.feature_names)
    rows = contract.examples[:2]
    values = [list(row.values()) for row in rows]
    frame = {
        "schema": refer("ScoringRequest"),
        "examples": {
            "dataframe_split": {
                "value": {"dataframe_split": {"columns": names, "data": values}}
            },
            "dataframe_records": {"value": {"dataframe_records": rows}},
            "instances": {"value": {"instances": values}},
            "inputs": {"value": {"inputs": rows}},
        },
    }
    scoring = {JSON: {"schema": refer("Scoring")}}
    body = {JSON: frame, CSV: _csv(contract)}
    summary = "Predict with MLflow's scoring protocol"
    return {
        "/invocations": post.describe(summary, body, scoring, error="ScoringError"),
        "/ping": describe_get("Check readiness", [503], JSON, "ScoringError"),
        "/version": describe_get("Get the version of MLflow", content="text/plain"),
    }


def _inference_paths(model: Model, post: Post) -> dict[str, Any]:
    body = {
        "schema": refer("InferenceRequest"),
        "example": {"inputs": example_tensors(model.contract)},
    }
    answer: dict[str, Any] = {JSON: {"schema": _INFERENCE_RESPONSE}}
    answer[BINARY] = {"schema": {"type": "string", "format": "binary"}}
    error = "InferenceError"
    paths: dict[str, Any] = {
        "/v2": describe_get("Describe the server", error=error),
        "/v2/health/live": describe_get("Check liveness", error=error),
        "/v2/health/ready": describe_get("Check readiness", [503], error=error),
    }
    name, version = model.version.name, model.version.version
    for path in (f"/v2/models/{name}", f"/v2/models/{name}/versions/{version}"):
        summary = "Predict with the Open Inference Protocol"
        paths[path] = describe_get("Describe the tensors", [404, 503], error=error)
        ready = describe_get("Check readiness of the model", [404, 503], error=error)
        paths[f"{path}/ready"] = ready
        paths[f"{path}/infer"] = post.describe(
            summary, {JSON: body}, answer, error=error, extra=[404]
        )
    return paths


_INFERENCE_RESPONSE = {
    "type": "object",
    "required": ["model_name", "model_version", "parameters", "outputs"],
    "properties": {
        "model_name": TEXT,
        "model_version": TEXT,
        "id": TEXT,
        "parameters": {
            "type": "object",
            "required": ["prediction_id"],
            "properties": {"prediction_id": TEXT | {"description": PREDICTION_ID}},
        },
        "outputs": {"type": "array", "items": {"type": "object"}},
    },
}


def _csv(contract: Contract) -> dict[str, Any]:
    text = io.StringIO()
    writer = csv.DictWriter(text, contract.feature_names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(contract.examples[:2])  # None as an empty cell
    schema = {"type": "string", "format": "csv"}
    return {"schema": schema, "example": text.getvalue()}
