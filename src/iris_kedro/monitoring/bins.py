"""The bins that values are counted in, with their counts in training."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from iris_kedro.model.binning import CONFIDENCE_DIGITS, find_bins
from iris_kedro.model.contract import Contract
from iris_kedro.model.contract_features import (
    BooleanContract,
    CategoryContract,
    FeatureContract,
    NumberContract,
)

MISSING, UNKNOWN = "missing", "unknown"
CONFIDENCE = "confidence"


@dataclass(frozen=True)
class Bins(ABC):
    """The bins of one variable.

    Attributes:
        name: Name of the variable.
        names: Names of the bins; those of unknown and missing values come last.
        reference: Rows of training, or held out, in each bin.
    """

    name: str
    names: tuple[str, ...]
    reference: tuple[int, ...]

    @property
    @abstractmethod
    def type(self) -> Any:
        """How pyarrow reads the values."""

    @abstractmethod
    def find(self, values: Any) -> NDArray[np.intp]:
        """Return the bin of each value of a pyarrow array; -1 if it has none."""

    def place(self, name: str) -> int | None:
        """Return where the bin of unknown or missing values is, if there is one."""
        return self.names.index(name) if name in self.names[-2:] else None

    def _replace_missing(
        self, places: NDArray[np.intp], values: Any
    ) -> NDArray[np.intp]:
        missing = self.place(MISSING)
        is_missing = np.asarray(values.is_null())
        return np.where(is_missing, -1 if missing is None else missing, places)


@dataclass(frozen=True)
class NumberBins(Bins):
    """Numbers, by the edges of their bins."""

    edges: tuple[float, ...]

    @property
    def type(self) -> Any:
        """Double precision; ``find_bins`` rounds."""
        return pa.float64()

    def find(self, values: Any) -> NDArray[np.intp]:
        """Compare with the edges."""
        numbers = values.to_numpy(zero_copy_only=False)
        return self._replace_missing(find_bins(numbers, self.edges), values)


@dataclass(frozen=True)
class BooleanBins(Bins):
    """False and true."""

    @property
    def type(self) -> Any:
        """Booleans of JSON."""
        return pa.bool_()

    def find(self, values: Any) -> NDArray[np.intp]:
        """Count false as 0 and true as 1."""
        places = np.asarray(values.fill_null(False)).astype(np.intp)
        return self._replace_missing(places, values)


@dataclass(frozen=True)
class TextBins(Bins):
    """Known texts."""

    known: tuple[str, ...]

    @property
    def type(self) -> Any:
        """Texts."""
        return pa.string()

    def find(self, values: Any) -> NDArray[np.intp]:
        """Look the texts up."""
        unknown = self.place(UNKNOWN)
        found = pc.index_in(values, value_set=pa.array(self.known, pa.string()))
        places = np.asarray(found.fill_null(-1 if unknown is None else unknown))
        return self._replace_missing(places.astype(np.intp), values)


def bin_features(contract: Contract) -> list[Bins]:
    """Return the bins of each feature, in their order.

    Raises:
        ValueError: If the contract does not say how training was distributed.
    """
    if any(not _is_complete(feature) for feature in contract.features):
        raise ValueError("the contract has no bins of its features")
    rows = sum(contract.target.training_counts)
    return [_bin_feature(feature, rows) for feature in contract.features]


def bin_answers(contract: Contract) -> tuple[TextBins, NumberBins]:
    """Return the bins of predictions and of confidence.

    Raises:
        ValueError: If the contract does not say what to expect.
    """
    expected = contract.held_out
    if expected is None:
        raise ValueError("the contract does not say what the model answers")
    classes = tuple(contract.target.classes)
    return (
        TextBins(
            contract.target.name, classes, tuple(expected.predictions), known=classes
        ),
        NumberBins(
            CONFIDENCE,
            _name_intervals(expected.edges, CONFIDENCE_DIGITS),
            tuple(expected.counts),
            edges=tuple(expected.edges),
        ),
    )


def _is_complete(feature: FeatureContract) -> bool:
    return bool(feature.training.counts)


def _bin_feature(feature: FeatureContract, rows: int) -> Bins:
    names, counts = _list_values(feature), list(feature.training.counts)
    missing = round(feature.training.missing * rows)
    if isinstance(feature, CategoryContract) and feature.unknown == "accept":
        names = [*names, UNKNOWN]
        counts.append(max(rows - sum(counts) - missing, 0))
    if feature.nullable:
        names = [*names, MISSING]
        counts.append(missing)
    common = feature.name, tuple(names), tuple(counts)
    if isinstance(feature, NumberContract):
        return NumberBins(*common, edges=tuple(feature.training.edges))
    if isinstance(feature, BooleanContract):
        return BooleanBins(*common)
    return TextBins(*common, known=tuple(feature.categories))


def _list_values(feature: FeatureContract) -> list[str]:
    if isinstance(feature, NumberContract):
        return list(_name_intervals(feature.training.edges))
    if isinstance(feature, BooleanContract):
        return ["false", "true"]
    return feature.categories


def _name_intervals(edges: Sequence[float], digits: int = 6) -> tuple[str, ...]:
    shown = [f"{edge:.{digits}g}" for edge in edges]
    if not shown:
        return ("any",)
    between = [f"{low} – {high}" for low, high in pairwise(shown)]
    return (f"≤ {shown[0]}", *between, f"> {shown[-1]}")
