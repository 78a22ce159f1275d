"""The bins for counting values: those of the contract, merged if rows are few."""

from iris_kedro.monitoring.bins.contract import bin_answers, bin_features
from iris_kedro.monitoring.bins.variables import (
    MISSING,
    UNKNOWN,
    Bins,
    BooleanBins,
    NumberBins,
    TextBins,
)

__all__ = [
    "MISSING",
    "UNKNOWN",
    "Bins",
    "BooleanBins",
    "NumberBins",
    "TextBins",
    "bin_answers",
    "bin_features",
]
