"""What observers learn of a request: its times, and what it predicted."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from serving.model.onnx_model import Model, Prediction
from serving.monitoring.tracing.context import HEAD_BYTES, RequestHead, TraceIds
from serving.schemas.rows import Matrix

if TYPE_CHECKING:
    from serving.loading.served import Served

# Clients choose methods and paths freely, but metrics and spans need few of them.
OTHER_METHOD = "OTHER"
UNKNOWN_ROUTE = "unknown"
# Measured memory of the Python objects of a request and of a predicted class.
REQUEST_BYTES, LABEL_BYTES = 1100, 64


class OtherPrediction(NamedTuple):
    """The prediction of the other model for the same rows.

    Attributes:
        model: The model.
        prediction: Its prediction; None if it failed.
        seconds: Duration of the prediction; 0 if it was not measured.
    """

    model: Model
    prediction: Prediction | None
    seconds: float = 0.0

    @property
    def memory(self) -> int:
        """Estimate of the bytes that it takes."""
        return _estimate_memory(self.prediction) if self.prediction else 0


class Observation(NamedTuple):
    """The rows and predictions of a request.

    Attributes:
        model: The model whose prediction was returned.
        rows: The rows in its encoding, an array of shape (n_rows, n_features).
        prediction: Its prediction.
        prediction_id: Id of the response.
        request_id: Id of the request.
        route: The rule of its route.
        time: When it was predicted, in seconds since the epoch.
        arm: The assigned model: ``production`` or ``canary``.
        other: The prediction of the other model, if there is one.
        seconds: Duration of the prediction; 0 if it was not measured.
    """

    model: Model
    rows: Matrix
    prediction: Prediction
    prediction_id: str
    request_id: str
    route: str
    time: float
    arm: str = "production"
    other: OtherPrediction | None = None
    seconds: float = 0.0

    @property
    def memory(self) -> int:
        """Estimate of the bytes that it takes."""
        other = self.other.memory if self.other else 0
        return self.rows.nbytes + _estimate_memory(self.prediction) + other


class CompletedRequest(NamedTuple):
    """A completed request.

    Attributes:
        method: Its method.
        route: The rule of its route, never the raw path.
        status: Status code of the response.
        seconds: Time from the arrival of the head until the response was ready.
        waited: The part of this time before the application was called.
        time: When the response was ready, in seconds since the epoch.
        request_id: Its id.
        served: The model that predicted, if one did.
        observation: What it predicted.
        head: The data for its span, if requests are traced.
        trace: The ids of its trace, once known.
    """

    method: str
    route: str
    status: int
    seconds: float
    waited: float
    time: float
    request_id: str
    served: "Served | None" = None
    observation: Observation | None = None
    head: RequestHead | None = None
    trace: TraceIds | None = None

    @property
    def size(self) -> int:
        """Number of rows; a request without rows counts as one."""
        return len(self.observation.rows) if self.observation else 1

    @property
    def memory(self) -> int:
        """Estimate of the bytes that it takes."""
        predicted = self.observation.memory if self.observation else 0
        return REQUEST_BYTES + predicted + (HEAD_BYTES if self.head else 0)


def _estimate_memory(prediction: Prediction) -> int:
    probabilities = prediction.probabilities
    return probabilities.nbytes + LABEL_BYTES * len(probabilities)


def join(predictions: Iterable[Prediction]) -> Prediction:
    """Concatenate predictions of one model; there must be at least one."""
    found = list(predictions)
    return Prediction(
        np.concatenate([each.labels for each in found]),
        np.concatenate([each.probabilities for each in found]),
    )
