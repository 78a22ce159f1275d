"""What the gate asks for."""

from typing import Annotated

from pydantic import Field

from iris_kedro.specification.base import Parameters, Seed, Share


class Gate(Parameters):
    """What a challenger must show before it may replace Production."""

    minimum_accuracy: Share
    minimum_recall: Annotated[float, Field(ge=0, lt=1)]
    maximum_calibration_error: Share
    latency_budget_ms: Annotated[float, Field(gt=0)]
    non_inferiority_margin: Annotated[float, Field(gt=0)]
    accept_incompatible: bool = False
    confidence: Share
    resamples: Annotated[int, Field(ge=200)]
    random_state: Seed
