"""Rows to score: flowers near the real ones, in Parquet."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from sklearn.datasets import load_iris

COLUMNS = ("sepal_length", "sepal_width", "petal_length", "petal_width")
GROUP_ROWS = 262_144
NOISE = 0.1  # cm
DIGITS = 2
LIMITS = 0.1, 20.0  # cm


def write_rows(path: Path, rows: int) -> Path:
    """Write a file with a number and four measurements in each row.

    Args:
        path: The file.
        rows: Number of rows; row groups have ``GROUP_ROWS``, to limit memory.
    """
    flowers = load_iris().data
    generator = np.random.default_rng(0)
    schema = pa.schema(
        [("id", pa.int64()), *((name, pa.float64()) for name in COLUMNS)]
    )
    with pq.ParquetWriter(path, schema) as writer:
        for first in range(0, rows, GROUP_ROWS):
            ids = np.arange(first, min(first + GROUP_ROWS, rows))
            values = flowers[generator.integers(len(flowers), size=len(ids))]
            noise = generator.normal(0, NOISE, values.shape)
            values = np.clip((values + noise).round(DIGITS), *LIMITS)
            columns = np.ascontiguousarray(values.T)
            writer.write_table(pa.table([ids, *columns], schema=schema))
    return path
