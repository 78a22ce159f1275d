"""The paths of the OpenAPI document: each route, its bodies and its statuses."""

import csv
import io
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from marshmallow import Schema

from serving.model.contract import Contract
from serving.model.onnx_model import Model
from serving.openapi.bodies import example_tensors
from serving.openapi.feedback import describe_feedback_csv, describe_feedback_json
from serving.schemas.query import BatchQuerySchema
from serving.schemas.responses import PREDICTION_ID

Operation = dict[str, Any]
JSON, CSV, BINARY = "application/json", "text/csv", "application/octet-stream"
PROBLEM = "application/problem+json"

ALWAYS = (400, 413, 500)
WITH_BODY = (400, 413, 415, 422, 429, 500, 503)


def describe_paths(model: Model, *, protected: bool) -> dict[str, dict[str, Operation]]:
    """Describe all routes for one model."""
    post = _Post(protected)
    groups = {
        "Predictions": _prediction_paths(model.contract, post),
        "Feedback": _feedback_paths(model.contract, post),
        "Service and model": _information_paths(),
        "MLflow's scoring protocol": _scoring_paths(model.contract, post),
        "Open Inference Protocol v2": _inference_paths(model, post),
    }
    return {
        path: {method: {"tags": [tag]} | each for method, each in operations.items()}
        for tag, paths in groups.items()
        for path, operations in paths.items()
    }


class _Post:
    """Describes POST routes: all are limited alike, so all share their statuses."""

    def __init__(self, protected: bool) -> None:
        self._statuses = sorted([*WITH_BODY, 401, 403]) if protected else WITH_BODY
        self._security: list[dict[str, list[str]]] = []
        if protected:
            self._security = [{"bearer": []}, {"header": []}]

    def describe(
        self,
        summary: str,
        body: dict[str, Any],
        answer: dict[str, Any],
        *,
        result: str = "Predictions",
        is_prediction: bool = True,
        error: str = "Error",
        extra: Sequence[int] = (),
        query: type[Schema] | None = None,
    ) -> dict[str, Operation]:
        operation: Operation = {
            "summary": summary,
            "requestBody": {"required": True, "content": body},
            "responses": {"200": {"description": result, "content": answer}}
            | _errors([*self._statuses, *extra], error),
        }
        if is_prediction:
            operation["parameters"] = [_CANARY_KEY]
            operation["responses"]["200"]["headers"] = {
                "X-Prediction-ID": _PREDICTION_ID
            }
        if query:  # resolved by apispec's plugin
            operation["parameters"].append({"in": "query", "schema": query})
        if self._security:
            operation["security"] = self._security
        return {"post": operation}


def _prediction_paths(contract: Contract, post: _Post) -> dict[str, Any]:
    example = contract.examples[0]
    rows = contract.examples[:2]
    table = {
        "columns": list(contract.feature_names),
        "data": [list(row.values()) for row in rows],
    }
    many = {
        "schema": {"oneOf": [_ref("InstancesRequest"), _ref("TableRequest")]},
        "examples": {
            "instances": {"value": {"instances": rows}},
            "table": {"value": table},
        },
    }
    one = {"schema": _ref("PredictionRequest"), "example": example}
    return {
        "/predict": post.describe(
            "Predict one row",
            {JSON: one},
            {JSON: {"schema": _ref("PredictionResponse")}},
            extra=[406],
        ),
        "/predict/batch": post.describe(
            "Predict many rows",
            {JSON: many, CSV: _csv(contract)},
            {JSON: {"schema": _ref("BatchResponse")}, CSV: {"schema": _TEXT}},
            extra=[406],
            query=BatchQuerySchema,
        ),
    }


def _feedback_paths(contract: Contract, post: _Post) -> dict[str, Any]:
    body = {JSON: describe_feedback_json(contract), CSV: describe_feedback_csv()}
    return {
        "/feedback": post.describe(
            "Report which class was right",
            body,
            {JSON: {"schema": _ref("FeedbackResponse")}},
            result="Number of rows that were written",
            is_prediction=False,
            extra=[404, 406],
        )
    }


def _information_paths() -> dict[str, Any]:
    return {
        "/model": _get(
            "Get the contract, metrics and gate verdict of the model", [503]
        ),
        "/health/live": _get("Check liveness"),
        "/health/ready": _get("Check readiness", [503]),
        "/metrics": _get("Get metrics for Prometheus", content="text/plain"),
    }


def _scoring_paths(contract: Contract, post: _Post) -> dict[str, Any]:
    names = list(contract.feature_names)
    rows = contract.examples[:2]
    values = [list(row.values()) for row in rows]
    frame = {
        "schema": _ref("ScoringRequest"),
        "examples": {
            "dataframe_split": {
                "value": {"dataframe_split": {"columns": names, "data": values}}
            },
            "dataframe_records": {"value": {"dataframe_records": rows}},
            "instances": {"value": {"instances": values}},
            "inputs": {"value": {"inputs": rows}},
        },
    }
    scoring = {JSON: {"schema": _ref("Scoring")}}
    body = {JSON: frame, CSV: _csv(contract)}
    summary = "Predict with MLflow's scoring protocol"
    return {
        "/invocations": post.describe(summary, body, scoring, error="ScoringError"),
        "/ping": _get("Check readiness", [503], JSON, "ScoringError"),
        "/version": _get("Get the version of MLflow", content="text/plain"),
    }


def _inference_paths(model: Model, post: _Post) -> dict[str, Any]:
    body = {
        "schema": _ref("InferenceRequest"),
        "example": {"inputs": example_tensors(model.contract)},
    }
    answer: dict[str, Any] = {JSON: {"schema": _INFERENCE_RESPONSE}}
    answer[BINARY] = {"schema": {"type": "string", "format": "binary"}}
    error = "InferenceError"
    paths: dict[str, Any] = {
        "/v2": _get("Describe the server", error=error),
        "/v2/health/live": _get("Check liveness", error=error),
        "/v2/health/ready": _get("Check readiness", [503], error=error),
    }
    name, version = model.version.name, model.version.version
    for path in (f"/v2/models/{name}", f"/v2/models/{name}/versions/{version}"):
        summary = "Predict with the Open Inference Protocol"
        paths[path] = _get("Describe the tensors", [404, 503], error=error)
        ready = _get("Check readiness of the model", [404, 503], error=error)
        paths[f"{path}/ready"] = ready
        paths[f"{path}/infer"] = post.describe(
            summary, {JSON: body}, answer, error=error, extra=[404]
        )
    return paths


def _get(
    summary: str,
    statuses: Sequence[int] = (),
    content: str = JSON,
    error: str = "Error",
) -> dict[str, Operation]:
    schema = _TEXT if content == "text/plain" else {}
    responses = {"200": {"description": "OK", "content": {content: {"schema": schema}}}}
    return {
        "get": {
            "summary": summary,
            "responses": responses | _errors([*ALWAYS, *statuses], error),
        }
    }


def _errors(statuses: Sequence[int], schema: str) -> dict[str, Any]:
    mimetype = PROBLEM if schema == "Error" else JSON
    return {
        str(status): {
            "description": HTTPStatus(status).phrase,
            "content": {mimetype: {"schema": _ref(schema)}},
        }
        for status in sorted(statuses)
    }


_TEXT = {"type": "string"}
_CANARY_KEY = {
    "in": "header",
    "name": "X-Canary-Key",
    "required": False,
    "schema": _TEXT,
    "description": "Requests with the same key, such as the id of a user, are answered "
    "by the same model while a canary runs.",
}
_PREDICTION_ID = {"schema": _TEXT, "description": PREDICTION_ID, "required": True}
_INFERENCE_RESPONSE = {
    "type": "object",
    "required": ["model_name", "model_version", "parameters", "outputs"],
    "properties": {
        "model_name": _TEXT,
        "model_version": _TEXT,
        "id": _TEXT,
        "parameters": {
            "type": "object",
            "required": ["prediction_id"],
            "properties": {"prediction_id": _TEXT | {"description": PREDICTION_ID}},
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


def _ref(schema: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{schema}"}
