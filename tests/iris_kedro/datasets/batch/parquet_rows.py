"""Random rows that the Iris model accepts, in Parquet."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

ROWS, PART_ROWS = 1_000, 100


def write_rows(path, rows=ROWS, seed=0, **cells):
    """Write random rows that the Iris model accepts; the 11th with changed cells."""
    generator = np.random.default_rng(seed)
    names = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
    values = generator.uniform(0.5, 7, (4, rows)).round(1)
    for name, value in cells.items():
        values[names.index(name), 10] = value
    table = pa.table({"id": np.arange(rows), **dict(zip(names, values, strict=True))})
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, row_group_size=PART_ROWS)


def read_files(folder):
    """Return the content of each file below a folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
