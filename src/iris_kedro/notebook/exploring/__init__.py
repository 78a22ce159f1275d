"""Figures and tables of the data."""

from .categories import count_values, plot_categories
from .correlations import find_reversals, plot_correlations
from .features import label, plot_missing
from .mistakes import add_mistakes, find_wrong_values
from .numbers import find_outliers, plot_distributions, plot_pairs, plot_ranges
from .split import plot_split

__all__ = [
    "add_mistakes",
    "count_values",
    "find_outliers",
    "find_reversals",
    "find_wrong_values",
    "label",
    "plot_categories",
    "plot_correlations",
    "plot_distributions",
    "plot_missing",
    "plot_pairs",
    "plot_ranges",
    "plot_split",
]
