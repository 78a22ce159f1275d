"""Counts scored rows in the bins of the training, to show drift."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from iris_kedro.model.binning import CONFIDENCE_DIGITS
from iris_kedro.model.contract import Contract
from iris_kedro.monitoring.bins import Bins, bin_answers, bin_features
from iris_kedro.scoring.counts import BinCounts
from iris_kedro.scoring.predictions import Predictions

PREDICTION, CONFIDENCE = "prediction", "confidence"


@dataclass(frozen=True)
class ReferenceBins:
    """The bins of a contract; none if an older release has written it."""

    features: list[Bins]
    answers: dict[str, Bins]

    @classmethod
    def of(cls, contract: Contract) -> Self:
        """Return the bins of a contract."""
        try:
            features, answers = bin_features(contract), bin_answers(contract)
        except ValueError:
            return cls([], {})
        return cls(features, dict(zip((PREDICTION, CONFIDENCE), answers, strict=True)))

    def count(
        self,
        columns: Mapping[str, pa.Array],
        predictions: Predictions,
        sampled: NDArray[np.bool_],
    ) -> tuple[BinCounts, BinCounts]:
        """Count rows in the bins of the features, and in those of the answers.

        Args:
            columns: The values of each feature.
            predictions: The predictions for the same rows.
            sampled: Which rows are counted, of shape (rows,).
        """
        rows = pa.array(np.flatnonzero(sampled))
        confidences = np.round(predictions.confidences[sampled], CONFIDENCE_DIGITS)
        values = {
            PREDICTION: predictions.labels.take(rows),
            CONFIDENCE: pa.array(confidences),
        }
        return (
            {
                each.name: _count(each, columns[each.name].take(rows))
                for each in self.features
            },
            {name: _count(each, values[name]) for name, each in self.answers.items()},
        )


def _count(bins: Bins, values: pa.Array) -> list[int]:
    places = bins.find(values)
    counted = np.bincount(places[places >= 0], minlength=len(bins.names))
    return [int(each) for each in counted]
