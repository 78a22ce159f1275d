"""Predictions of Production and its partner, with the time that they took."""

from time import perf_counter
from typing import NamedTuple

import onnxruntime as ort

from serving.canary.share import is_canary
from serving.loading.served import Served
from serving.model.onnx_model import Prediction
from serving.monitoring.observations import OtherPrediction
from serving.schemas.rows import Matrix

PRODUCTION, CANARY = "production", "canary"


class TimedPrediction(NamedTuple):
    """The prediction for a request, and the model that made it.

    Attributes:
        served: The model that predicted.
        rows: The rows in its encoding.
        prediction: Its prediction.
        seconds: Duration of the prediction; 0 if there is no partner.
        arm: The assigned model: ``production`` or ``canary``.
        other: The prediction of the other model, if there is one.
    """

    served: Served
    rows: Matrix
    prediction: Prediction
    seconds: float = 0.0
    arm: str = PRODUCTION
    other: OtherPrediction | None = None

    @property
    def as_other(self) -> OtherPrediction:
        """This prediction as the ``other`` of another one."""
        return OtherPrediction(self.served.model, self.prediction, self.seconds)


def predict(
    served: Served, rows: Matrix, options: ort.RunOptions | None = None
) -> TimedPrediction:
    """Predict rows with one of two models, and measure the time."""
    started = perf_counter()
    prediction = served.model.predict(rows, options)
    seconds = perf_counter() - started
    arm = CANARY if is_canary(served.model.version) else PRODUCTION
    return TimedPrediction(served, rows, prediction, seconds, arm)
