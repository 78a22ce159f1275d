"""The columns that are written: scores, and rejected rows."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from iris_kedro.errors import ProjectError
from iris_kedro.scoring.predictions import Predictions
from iris_kedro.scoring.validation import Issue

PREDICTION, PROBABILITY = "prediction", "probability_"
OUT_OF_RANGE, VERSION = "out_of_range", "model_version"
BASELINE, CONTRIBUTION = "baseline", "contribution_"  # if they are explained
PREDICTION_ID, ROW_INDEX = "prediction_id", "prediction_row"  # if they are stored

REJECTS = pa.schema(
    [
        ("row", pa.int64()),
        ("column", pa.string()),
        ("value", pa.string()),
        ("reason", pa.string()),
    ]
)


class Output:
    """Builds the scores: columns of the input, then what the model says.

    Args:
        columns: The columns of the input that are kept, in their order.
        classes: The classes of the model, in the order of the probabilities.
        version: The version of the model.
        explained: Features whose contributions are added; none by default.
    """

    def __init__(
        self,
        columns: Sequence[str],
        classes: Sequence[str],
        version: str,
        explained: Sequence[str] = (),
    ) -> None:
        self._columns = columns
        self._version = version
        self.classes = tuple(classes)
        self._added = [
            PREDICTION,
            *(f"{PROBABILITY}{name}" for name in classes),
            OUT_OF_RANGE,
            VERSION,
        ]
        if explained:
            names = [f"{CONTRIBUTION}{name}" for name in explained]
            self._added += [BASELINE, *names]

    def check(self) -> None:
        """Check that no kept column has the name of an added one.

        Raises:
            ProjectError: Names these columns.
        """
        added = [*self._added, PREDICTION_ID, ROW_INDEX]
        both = [name for name in self._columns if name in added]
        if both:
            raise ProjectError(
                f"the rows already have {_list(both)}, which scores are written to:"
                " choose the columns that are kept, such as"
                " --params batch_inference.columns=[id]"
            )

    def build(
        self,
        rows: pa.RecordBatch,
        predictions: Predictions,
        flags: NDArray[np.bool_],
        contributions: NDArray[np.float32] | None = None,
    ) -> pa.RecordBatch:
        """Return the scores of some rows."""
        version = pa.DictionaryArray.from_arrays(
            pa.array(np.zeros(len(flags), np.int8)), pa.array([self._version])
        )
        arrays: list[Any] = [rows.column(name) for name in self._columns]
        by_class = np.ascontiguousarray(predictions.probabilities.T)
        arrays += [predictions.labels, *map(pa.array, by_class)]
        arrays += [pa.array(flags), version]
        if contributions is not None:
            arrays += map(pa.array, np.ascontiguousarray(contributions.T))
        return pa.RecordBatch.from_arrays(arrays, [*self._columns, *self._added])


def add_ids(scores: pa.RecordBatch, prediction_id: str, first: int) -> pa.RecordBatch:
    """Return scores with what feedback calls them: an id and the index of the row."""
    rows = scores.num_rows
    ids = pa.DictionaryArray.from_arrays(
        pa.array(np.zeros(rows, np.int8)), pa.array([prediction_id])
    )
    index = pa.array(np.arange(first, first + rows, dtype=np.int32))
    return scores.append_column(PREDICTION_ID, ids).append_column(ROW_INDEX, index)


def list_rejects(issues: Sequence[Issue]) -> pa.RecordBatch:
    """Return a row for each issue."""
    columns = [
        pa.array([getattr(each, field.name) for each in issues], field.type)
        for field in REJECTS
    ]
    return pa.RecordBatch.from_arrays(columns, schema=REJECTS)


def choose_columns(
    wanted: Sequence[str] | None, columns: Sequence[str]
) -> tuple[str, ...]:
    """Return the columns of the input that are kept.

    Args:
        wanted: Their names; all if None.
        columns: The columns of the input.

    Raises:
        ProjectError: Names a column that the input does not have.
    """
    if wanted is None:
        return tuple(columns)
    missing = [name for name in wanted if name not in columns]
    if missing:
        raise ProjectError(
            f"batch_inference.columns names {_list(missing)}, which the rows do not"
            f" have; they have {_list(columns)}"
        )
    return tuple(wanted)


def _list(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names))
