"""What monitoring takes for a change."""

from typing import Annotated

from pydantic import Field

from .base import Count, Parameters, Share


class Monitoring(Parameters):
    """When predictions and labels speak against the model in Production."""

    window_minutes: Annotated[float, Field(gt=0)]
    recent_windows: Count
    minimum_rows: Count
    alpha: Share
    minimum_effect: Share
    margin: Share
    confidence: Share
