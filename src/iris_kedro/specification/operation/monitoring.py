"""Parameters of monitoring."""

from typing import Annotated

from pydantic import Field

from iris_kedro.specification.base import Count, Parameters, Share


class Monitoring(Parameters):
    """Windows, evidence and effect sizes for the verdict on the model in Production.

    Attributes:
        window_minutes: Rows are counted by window; evidence is computed after each.
        recent_windows: Effect sizes use this many of the last windows, or more if they
            have fewer than ``minimum_rows``.
        minimum_rows: With fewer in all windows, the verdict is "too few rows".
        alpha: Maximum probability of a false alarm, for all comparisons together.
        minimum_effect: Smallest relevant change: total variation distance.
        margin: Smallest relevant loss of accuracy, and gap to the mean confidence.
        confidence: Of intervals.
    """

    window_minutes: Annotated[float, Field(gt=0)]
    recent_windows: Count
    minimum_rows: Count
    alpha: Share
    minimum_effect: Share
    margin: Share
    confidence: Share
