"""Explanations, traffic for the service, and figures of monitoring."""

from .explaining import plot_explanation
from .figures import plot_bins, plot_evidence
from .misreading import misread
from .traffic import report_labels, send_rows, spread_over_hours

__all__ = [
    "misread",
    "plot_bins",
    "plot_evidence",
    "plot_explanation",
    "report_labels",
    "send_rows",
    "spread_over_hours",
]
