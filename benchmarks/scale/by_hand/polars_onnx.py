"""Scores Parquet with Polars and ONNX Runtime: polars_onnx.py MODEL ROWS TARGET.

It checks ranges and keeps rejects, like batch scoring; nothing is counted or logged.
"""

import json
import sys
from functools import reduce
from operator import and_
from pathlib import Path

import numpy as np
import onnxruntime
import polars as pl

CHUNK = 262_144
model, rows, target = sys.argv[1:]
about = json.loads(Path(model, "about.json").read_text())
columns, classes = about["columns"], about["classes"]
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
session = onnxruntime.InferenceSession(Path(model, "model.onnx"), options)
names = pl.Series(classes, dtype=pl.Enum(classes))


def between(column: str, limits: list[float]) -> pl.Expr:
    """Return whether a number is within limits."""
    return pl.col(column).is_between(*limits)


is_valid = reduce(and_, map(between, columns, about["limits"]))
is_usual = reduce(and_, map(between, columns, about["seen"]))

source = pl.scan_parquet(rows)
for number, batch in enumerate(source.collect_batches(chunk_size=CHUNK)):
    valid, table = batch.select(is_valid.fill_null(False)).to_series(), batch
    if not valid.all():
        rejects = Path(target, f"rejects-{number:05}.parquet")
        batch.filter(~valid).write_parquet(rejects)
        table = batch.filter(valid)
    tensor = table.select(pl.col(columns).cast(pl.Float32)).to_numpy()
    (probabilities,) = session.run(
        ["probabilities"], {"features": np.ascontiguousarray(tensor)}
    )
    labels = names.gather(probabilities.argmax(axis=1))
    by_class = np.ascontiguousarray(probabilities.T)
    table.with_columns(
        labels.alias("prediction"),
        *(
            pl.Series(f"probability_{name}", values)
            for name, values in zip(classes, by_class, strict=True)
        ),
        (~is_usual).alias("out_of_range"),
    ).write_parquet(Path(target, f"part-{number:05}.parquet"), compression="snappy")
