"""MLflow's scoring protocol: /invocations, /ping and /version."""

from importlib.metadata import version as installed_version

from flask import Blueprint

from serving.http.application import ApiResponse
from serving.http.content import (
    CSV,
    JSON,
    json_response,
    read_body,
    read_json,
    require_content,
)
from serving.service import the_service

blueprint = Blueprint("invocations", __name__)


@blueprint.post("/invocations")
def invoke() -> ApiResponse:
    """Predict the rows of a data frame or tensor."""
    mimetype = require_content(JSON, CSV)
    service = the_service()
    served = service.current.get()
    if mimetype == CSV:
        rows = served.schemas.load_csv(read_body())
    else:
        rows = served.schemas.load_frame(read_json())
    prediction = service.predictor.predict(served, rows).prediction
    return json_response({"predictions": prediction.labels.tolist()})


@blueprint.get("/ping")
def ping() -> ApiResponse:
    """Return whether a model is loaded, as MLflow's server does."""
    the_service().current.get()
    return json_response({})


@blueprint.get("/version")
def version() -> ApiResponse:
    """Return the version of MLflow whose protocol this is."""
    # The image has only this part of MLflow, with the same version.
    return ApiResponse(installed_version("mlflow-skinny"), content_type="text/plain")
