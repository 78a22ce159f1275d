"""Predicts the rows of requests with Production or its partner."""

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from serving.canary.partner import Partner
from serving.canary.timing import TimedPrediction, predict
from serving.http.access import Access
from serving.http.application import ApiRequest, make_prediction_id, the_request
from serving.loading.served import Served
from serving.model.onnx_model import Prediction
from serving.monitoring.observations import Observation
from serving.schemas.rows import Matrix

CANARY_KEY = "HTTP_X_CANARY_KEY"


@dataclass(frozen=True, slots=True)
class PredictionResult:
    """The prediction of some rows, and its id."""

    served: Served
    rows: Matrix
    prediction: Prediction
    prediction_id: str

    @property
    def outside(self) -> NDArray[np.bool_]:
        """Whether each value is outside the range of the training data."""
        return self.served.metrics.find_out_of_range(self.rows)


class Predictor:
    """Predicts, and records observations in the request context."""

    def __init__(self, partner: Partner, access: Access) -> None:
        self._partner = partner
        self._access = access

    def predict(
        self, served: Served, rows: Matrix, *, is_pinned: bool = False
    ) -> PredictionResult:
        """Predict rows; the observers get them after the response.

        Args:
            served: The model whose schema was used to read the rows.
            rows: The rows, an array of shape (n_rows, n_features).
            is_pinned: Whether the client requested this version; otherwise a canary may
                predict, and the result names it.
        """
        request = the_request()
        if self._partner.running is None:
            made = TimedPrediction(served, rows, served.model.predict(rows))
        elif is_pinned:
            made = predict(served, rows)
        else:
            made = self._partner.predict(served, rows, self._find_key(request))
        now = time.time()
        result = PredictionResult(
            made.served, made.rows, made.prediction, make_prediction_id(now)
        )
        request.served = result.served
        request.observation = Observation(
            result.served.model,
            result.rows,
            result.prediction,
            result.prediction_id,
            request.request_id,
            request.route,
            now,
            made.arm,
            made.other,
            made.seconds,
        )
        return result

    def _find_key(self, request: ApiRequest) -> str:
        """Return the key that assigns the request to a model."""
        environ = request.environ
        sent: str = environ.get(CANARY_KEY) or self._access.sent_key(environ)
        return sent or request.request_id
