"""Files of rows, all that is read from them, and jobs that score them."""

import pickle
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from iris_kedro.datasets.batch.rows import RowsDataset
from iris_kedro.gate.release import ReleasedModel
from iris_kedro.pipelines.batch_inference.nodes import score_rows
from iris_kedro.scoring.rows import Batch, Rows
from iris_kedro.specification import BatchInference
from tests.iris_kedro.datasets.batch.parquet_rows import PART_ROWS


@dataclass
class Content:
    """All that is read from some rows, as another process reads it."""

    rows: Rows
    batches: list[Batch]

    @property
    def records(self) -> list[dict[str, Any]]:
        return [row for each in self.batches for row in each.rows.to_pylist()]

    @property
    def numbers(self) -> list[int]:
        return [number for each in self.batches for number in each.numbers.tolist()]

    @property
    def unreadable(self) -> list[tuple[int, str]]:
        return [tuple(row) for each in self.batches for row in each.unreadable]


@pytest.fixture
def read_rows(tmp_path: Path) -> Callable[..., Content]:
    def read_rows(source: str, **options: Any) -> Content:
        rows = RowsDataset(source, path=str(tmp_path), **options).load()
        read = pickle.loads(pickle.dumps(rows.read))  # noqa: S301
        batches = [batch for part in rows.parts for batch in read(part)]
        for batch in batches:
            batch.rows.validate(full=True)
        return Content(rows, batches)

    return read_rows


@pytest.fixture
def write_parquet(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes the numbers from 0 on, in row groups."""

    def write(name: str, rows: int, group: int = 10, column: str = "x") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        table = pa.table({column: pa.array(range(rows), pa.int64())})
        parquet.write_table(table, path, row_group_size=group)
        return path

    return write


@pytest.fixture
def make_job(tmp_path, challenger, read_parameters):
    """Return a function that plans to score the rows in the folder ``rows``."""

    def make(version="3", **changes):
        parameters = read_parameters(
            "parameters_batch_inference.yml", "batch_inference"
        )
        fixed = {"source": None, "target": None, "source_format": None}
        fixed |= {"version": "3", "layout": "contract"}
        rows = RowsDataset("rows", part_rows=PART_ROWS, path=str(tmp_path)).load()
        return score_rows(
            rows,
            ReleasedModel(version, challenger),
            BatchInference.model_validate(
                {**parameters, **fixed, "processes": 1, **changes}
            ),
        )

    return make
