"""Parameters of monitoring."""

from typing import Annotated

from pydantic import Field

from iris_kedro.specification.base import Count, Parameters, Share


class Monitoring(Parameters):
    """Windows, evidence and effect sizes for the verdict on the model in Production."""

    window_minutes: Annotated[float, Field(gt=0)]
    recent_windows: Count
    minimum_rows: Count
    alpha: Share
    minimum_effect: Share
    margin: Share
    confidence: Share
