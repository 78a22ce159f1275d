"""Parameters of monitoring."""

from typing import Annotated

from pydantic import Field

from iris_kedro.specification.base import Count, Parameters, Share


class Monitoring(Parameters):
    """Windows, evidence and effect sizes for the verdict on the model in Production.

    Attributes:
        window_minutes: Length of the windows that rows are counted by, in minutes;
            evidence is computed after each.
        recent_windows: Number of latest windows for effect sizes and intervals; more if
            they have fewer than ``minimum_rows``.
        minimum_rows: Minimum number of rows in all windows; with fewer, the verdict is
            "too few rows".
        alpha: Maximum probability of a false alarm, for all comparisons together.
        minimum_effect: Smallest relevant change of a distribution, as total variation
            distance.
        margin: Smallest relevant loss of accuracy, and smallest relevant gap between
            mean confidence and accuracy.
        confidence: Confidence level of the intervals.
    """

    window_minutes: Annotated[float, Field(gt=0)]
    recent_windows: Count
    minimum_rows: Count
    alpha: Share
    minimum_effect: Share
    margin: Share
    confidence: Share
