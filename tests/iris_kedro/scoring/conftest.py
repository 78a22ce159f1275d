"""Jobs that score rows of the Iris model."""

import numpy as np
import pyarrow as pa
import pytest

from iris_kedro.scoring.rows import Batch
from iris_kedro.scoring.scorer import Scorer


@pytest.fixture
def make_scorer(challenger):
    """Return a function that makes a scorer of the Iris model."""

    def make(columns=("id",), **settings):
        defaults = {
            "version": "7",
            "layout": "contract",
            "text": False,
            "on_invalid": "reject",
            "every": 1,
        }
        content = challenger.SerializeToString()
        return Scorer(content, columns=tuple(columns), **{**defaults, **settings})

    return make


@pytest.fixture
def make_batch(test_data):
    """Return a function that makes a batch of held-out rows, with changed cells."""

    def make(rows=6, first=1, **cells):
        table = test_data.head(rows).drop(columns="species").reset_index(drop=True)
        table.insert(0, "id", [f"row {number}" for number in range(len(table))])
        for name, value in cells.items():
            table.loc[1, name] = value
        batch = pa.RecordBatch.from_pandas(table, preserve_index=False)
        return Batch(batch, np.arange(first, first + len(table)))

    return make
