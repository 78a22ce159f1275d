"""The bins for counting values, with the counts of the reference."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from iris_kedro.model.binning import find_bins

MISSING, UNKNOWN = "missing", "unknown"


@dataclass(frozen=True)
class Bins(ABC):
    """The bins of one variable.

    Attributes:
        name: Name of the variable.
        names: Names of the bins.
        reference: Rows of training, or held out, in each bin.
        special: Which of unknown and missing values have a bin: the last ones.
    """

    name: str
    names: tuple[str, ...]
    reference: tuple[int, ...]
    special: tuple[str, ...]

    @property
    @abstractmethod
    def type(self) -> Any:
        """The pyarrow type of the values."""

    @abstractmethod
    def find(self, values: Any) -> NDArray[np.intp]:
        """Return the bin of each value of a pyarrow array; -1 if it has none."""

    def place(self, name: str) -> int | None:
        """Return the index of the bin of unknown or missing values, if there is one."""
        if name not in self.special:
            return None
        return len(self.names) - len(self.special) + self.special.index(name)

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
        """Find bins by the edges."""
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
    """Known texts; rare ones share a bin."""

    known: tuple[str, ...]
    places: tuple[int, ...]

    @property
    def type(self) -> Any:
        """Texts."""
        return pa.string()

    def find(self, values: Any) -> NDArray[np.intp]:
        """Look the texts up."""
        unknown = self.place(UNKNOWN)
        # An unknown text has the index -1, which selects the last value.
        places = np.array([*self.places, -1 if unknown is None else unknown], np.intp)
        return self._replace_missing(places[self.index(values)], values)

    def index(self, values: Any) -> NDArray[np.intp]:
        """Return the index of each value among the known texts; -1 for unknown ones."""
        found = pc.index_in(values, value_set=pa.array(self.known, pa.string()))
        return np.asarray(found.fill_null(-1)).astype(np.intp)
