"""Explanations of predictions: how much each feature contributed."""

from serving.model.explanation.explainer import (
    Explainer,
    Explanation,
    ExplanationTimeoutError,
    NoBackgroundError,
)

__all__ = [
    "Explainer",
    "Explanation",
    "ExplanationTimeoutError",
    "NoBackgroundError",
]
