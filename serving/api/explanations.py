"""Routes /explain and /explain/batch: how much each feature contributed."""

from typing import Any

import numpy as np
from flask import Blueprint, request
from werkzeug.exceptions import ClientDisconnected

from serving.api.models import find_version
from serving.api.predictions import describe_model
from serving.http.access import LEASE
from serving.http.application import ApiResponse
from serving.http.content import (
    JSON,
    choose_media_type,
    json_response,
    read_json,
    read_query,
    require_content,
)
from serving.loading.served import Served
from serving.model.explanation import Explanation, NoBackgroundError
from serving.schemas.query import VersionQuerySchema
from serving.schemas.rows import Matrix
from serving.service import the_service

blueprint = Blueprint("explanations", __name__)
version_query = VersionQuerySchema()


@blueprint.post("/explain")
def explain() -> ApiResponse:
    """Explain the prediction of one row."""
    served = _find_served()
    rows = served.schemas.load_row(read_json())
    (described,) = explain_rows(served, rows)
    return json_response(described | {"model": describe_model(served.model)})


@blueprint.post("/explain/batch")
def explain_batch() -> ApiResponse:
    """Explain the predictions of several rows."""
    served = _find_served()
    rows = served.schemas.load_explained(read_json())
    return json_response(
        {
            "classes": served.model.contract.classes,
            "explanations": explain_rows(served, rows),
            "model": describe_model(served.model),
        }
    )


def explain_rows(served: Served, rows: Matrix) -> list[dict[str, Any]]:
    """Explain and describe rows.

    Raises:
        NoBackgroundError: If the model has no background rows.
        ClientDisconnected: If the client disconnects meanwhile.
    """
    explainer, contract = served.explainer, served.model.contract
    if explainer is None:
        raise NoBackgroundError(
            f"Version {served.model.version.version} has no background rows: it was"
            " trained by an older version of this project. Retrain it to explain"
            " predictions."
        )
    with the_service().access.capacity.explain_alone():
        explanation = explainer.explain(rows, _require_client)
    baseline = _name(contract.classes, explainer.baseline)
    return [
        {
            "prediction": label,
            "probabilities": _name(contract.classes, probabilities),
            "baseline": baseline,
            **contributions,
            "background_rows": explainer.background_rows,
        }
        for label, probabilities, contributions in zip(
            explanation.labels,
            explanation.probabilities,
            _describe_contributions(served, explanation),
            strict=True,
        )
    ]


def _find_served() -> Served:
    choose_media_type(JSON)
    require_content(JSON)
    return find_version(read_query(version_query)["version"])


def _require_client() -> None:
    """End an explanation that nobody will read.

    Raises:
        ClientDisconnected: If the client has disconnected.
    """
    if request.environ[LEASE].is_released:
        raise ClientDisconnected


def _describe_contributions(
    served: Served, explanation: Explanation
) -> list[dict[str, Any]]:
    contract = served.model.contract

    def name(values: Any) -> dict[str, Any]:
        named = (_name(contract.classes, each) for each in values)
        return dict(zip(contract.feature_names, named, strict=True))

    described = []
    for values, errors in explanation.contributions:
        described.append(
            {
                "contributions": name(values),
                "standard_errors": None if errors is None else name(errors),
                "method": "exact" if errors is None else "sampled",
            }
        )
    return described


def _name(classes: tuple[str, ...], values: Any) -> dict[str, np.float32]:
    """Name a value for each class, in the precision of the model."""
    return dict(zip(classes, values.astype(np.float32), strict=True))
