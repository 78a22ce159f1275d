"""Parameters of the gate."""

from typing import Annotated

from pydantic import Field

from iris_kedro.specification.base import Parameters, Seed, Share


class Gate(Parameters):
    """What a challenger must show before it may replace Production.

    Attributes:
        minimum_accuracy: Floor of the accuracy on held-out rows.
        minimum_recall: Floor of the recall of each class.
        maximum_calibration_error: Refused if the interval of the expected calibration
            error is above this as a whole.
        latency_budget_ms: Milliseconds that a prediction of one row may take.
        non_inferiority_margin: In nats of log loss; a loss that is shown to be smaller
            is "not worse".
        accept_incompatible: Whether the floors alone decide if no row can be shared.
        confidence: Of intervals; two-sided.
        resamples: Number of bootstrap samples.
        random_state: Seed of the bootstrap.
    """

    minimum_accuracy: Share
    minimum_recall: Annotated[float, Field(ge=0, lt=1)]
    maximum_calibration_error: Share
    latency_budget_ms: Annotated[float, Field(gt=0)]
    non_inferiority_margin: Annotated[float, Field(gt=0)]
    accept_incompatible: bool = False
    confidence: Share
    resamples: Annotated[int, Field(ge=200)]
    random_state: Seed
