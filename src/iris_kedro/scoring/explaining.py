"""Explains the predictions of a batch."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iris_kedro.model.explanation import Explainer

SLICE = 1024  # rows for which the contributions to all classes are in memory at once


def explain_predictions(
    explainer: Explainer,
    tensors: Mapping[str, NDArray[Any]],
    places: NDArray[np.int64],
) -> NDArray[np.float32]:
    """Explain the probability of the predicted class of each row.

    Returns:
        The baseline and the contribution of each feature, shape (rows, 1 + features).
    """
    found = [
        _explain(
            explainer,
            {name: rows[start : start + SLICE] for name, rows in tensors.items()},
            places[start : start + SLICE],
        )
        for start in range(0, len(places), SLICE)
    ]
    empty = np.empty((0, 1 + explainer.features), np.float32)
    return np.concatenate([empty, *found])


def _explain(
    explainer: Explainer, tensors: Mapping[str, NDArray[Any]], places: NDArray[np.int64]
) -> NDArray[np.float32]:
    contributions = explainer.explain(tensors).contributions
    chosen = np.take_along_axis(contributions, places[:, None, None], axis=2)[..., 0]
    baseline = explainer.baseline[places, None]
    return np.hstack([baseline, chosen]).astype(np.float32)
