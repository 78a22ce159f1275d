"""Parameters of the gate."""

from typing import Annotated

from pydantic import Field

from iris_kedro.specification.base import Parameters, Seed, Share


class Gate(Parameters):
    """What a challenger must show before it may replace Production.

    Attributes:
        minimum_accuracy: Minimum accuracy on held-out rows.
        minimum_recall: Minimum recall of each class on held-out rows.
        maximum_calibration_error: Maximum expected calibration error; a model is
            refused if the whole confidence interval is above it.
        latency_budget_ms: Latency budget of a prediction of one row, in milliseconds.
        non_inferiority_margin: Increase of log loss that is accepted, in nats: a
            challenger is "not worse" if its increase is shown to be smaller.
        accept_incompatible: Whether the minimum requirements of accuracy, recall,
            calibration and latency alone decide if the challenger and Production cannot
            be compared on the same rows.
        confidence: Confidence level of the two-sided intervals.
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
