"""The population stability index of values of every type."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

LEAST_SHARE = 1e-3
FIFTHS = (0.2, 0.4, 0.6, 0.8)
NUMERIC = "biuf"  # NumPy's letters for types of numbers


def measure_stability(
    rows: pd.DataFrame, train_data: pd.DataFrame
) -> "pd.Series[float]":
    """Return the population stability index of each feature of the rows."""
    return pd.Series(
        {
            name: stability_index(values.to_numpy(), train_data[name].to_numpy())
            for name, values in rows.items()
        }
    )


def stability_index(values: NDArray[Any], training: NDArray[Any]) -> float:
    """Return the population stability index of some values.

    Numbers are counted in the fifths of the training values, texts one by one; missing
    values have a bin of their own.
    """
    codes = _find_bins(np.concatenate([training, values]), training)
    counts = [
        np.bincount(each, minlength=codes.max() + 1) / len(each)
        for each in (codes[: len(training)], codes[len(training) :])
    ]
    # An empty bin would have an infinite logarithm.
    expected, found = (np.maximum(each, LEAST_SHARE) for each in counts)
    return float(((found - expected) * np.log(found / expected)).sum())


def _find_bins(values: NDArray[Any], training: NDArray[Any]) -> NDArray[np.intp]:
    if training.dtype.kind not in NUMERIC:
        return pd.factorize(values, use_na_sentinel=False)[0]
    edges = np.unique(np.nanquantile(training, FIFTHS))
    bins = np.searchsorted(edges, values)
    return np.where(np.isnan(values), len(edges) + 1, bins)
