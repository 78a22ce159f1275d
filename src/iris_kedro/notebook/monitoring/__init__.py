"""Explanations and drift, as tables and figures."""

from .explaining import explain_answer, plot_explanation
from .figures import plot_drift, plot_stability, plot_values
from .metrics import count_warnings, measure_drift, measure_values
from .misreading import misread
from .stability import measure_stability

__all__ = [
    "count_warnings",
    "explain_answer",
    "measure_drift",
    "measure_stability",
    "measure_values",
    "misread",
    "plot_drift",
    "plot_explanation",
    "plot_stability",
    "plot_values",
]
