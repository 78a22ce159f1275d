"""Operations of the OpenAPI document: the parts that routes share."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from marshmallow import Schema

from serving.schemas.responses.predictions import PREDICTION_ID

Operation = dict[str, Any]
JSON, PROBLEM = "application/json", "application/problem+json"
TEXT = {"type": "string"}

KEYS: list[dict[str, list[str]]] = [{"bearer": []}, {"header": []}]
ALWAYS = (400, 413, 500)
WITH_BODY = (400, 413, 415, 422, 429, 500, 503)

_CANARY_KEY = {
    "in": "header",
    "name": "X-Canary-Key",
    "required": False,
    "schema": TEXT,
    "description": "Requests with the same key, such as the id of a user, are answered "
    "by the same model while a canary runs.",
}
_PREDICTION_ID = {"schema": TEXT, "description": PREDICTION_ID, "required": True}


class Post:
    """Describes POST routes, which share their limits and therefore their statuses."""

    def __init__(self, protected: bool) -> None:
        self._statuses = sorted([*WITH_BODY, 401, 403]) if protected else WITH_BODY
        self._security = KEYS if protected else []

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
        """Describe a route."""
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
            parameters = operation.setdefault("parameters", [])
            parameters.append({"in": "query", "schema": query})
        if self._security:
            operation["security"] = self._security
        return {"post": operation}


def describe_get(
    summary: str,
    statuses: Sequence[int] = (),
    content: str = JSON,
    error: str = "Error",
    *,
    protected: bool = False,
    tagged: str = "",
) -> dict[str, Operation]:
    """Describe a GET route.

    Args:
        summary: What it does.
        statuses: Statuses beyond the common ones.
        content: The media type of its response.
        error: The schema of its errors.
        protected: Whether it requires an API key where predictions do.
        tagged: The schema of its response, if that has an ETag.
    """
    schema: dict[str, Any] = TEXT if content == "text/plain" else {}
    responses: dict[str, Any] = {}
    if tagged:
        schema = refer(tagged)
        responses["304"] = {"description": HTTPStatus.NOT_MODIFIED.phrase}
    responses["200"] = {"description": "OK", "content": {content: {"schema": schema}}}
    possible = [*ALWAYS, *statuses, *([401, 403] if protected else [])]
    operation: Operation = {
        "summary": summary,
        "responses": responses | _errors(possible, error),
    }
    if protected:
        operation["security"] = KEYS
    return {"get": operation}


def _errors(statuses: Sequence[int], schema: str) -> dict[str, Any]:
    mimetype = PROBLEM if schema == "Error" else JSON
    return {
        str(status): {
            "description": HTTPStatus(status).phrase,
            "content": {mimetype: {"schema": refer(schema)}},
        }
        for status in sorted(statuses)
    }


def refer(schema: str) -> dict[str, str]:
    """Refer to a schema of the document by its name."""
    return {"$ref": f"#/components/schemas/{schema}"}
