"""Checks that contenders do the same work; otherwise, speed proves nothing."""

import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from benchmarks.scale.contenders import Contender

# ONNX computes in single precision: a number near a tree's threshold may fall on its
# other side. The thresholds of histogram boosting are halfway between training values,
# where 3 % of these rows have a number.
SAME_CLASS, SAME_PROBABILITIES = 0.998, 0.95
CLOSE = 1e-4
INPUT = ("id", "sepal_length", "sepal_width", "petal_length", "petal_width")


def read_scores(contender: Contender, target: Path) -> pa.Table:
    """Read the scores that a contender has written, in the order of the rows."""
    files = sorted(map(str, target.glob("part-*.parquet")))
    table = ds.dataset(files).to_table().sort_by("id")
    labels = table["prediction"].cast(pa.string())
    place = table.schema.get_field_index("prediction")
    table = table.set_column(place, "prediction", labels)
    missing = {*INPUT} - {*table.column_names}
    if missing:
        sys.exit(f"{contender.name} did not write {sorted(missing)}")
    return table


def check_scores(contender: Contender, scores: pa.Table, expected: pa.Table) -> None:
    """Stop if a contender's rows, predictions or probabilities differ from ours."""
    if not scores["id"].equals(expected["id"]):
        sys.exit(f"{contender.name} scored {len(scores)} of {len(expected)} rows")
    equal = pc.equal(scores["prediction"], expected["prediction"])
    if pc.mean(pc.cast(equal, pa.float64())).as_py() < SAME_CLASS:
        sys.exit(f"{contender.name} predicts other classes")
    names = [each for each in expected.column_names if each.startswith("probability_")]
    if contender.has_probabilities:
        for name in names:
            ours, theirs = expected[name].to_numpy(), scores[name].to_numpy()
            if np.mean(np.isclose(ours, theirs, atol=CLOSE)) < SAME_PROBABILITIES:
                sys.exit(f"{contender.name} has other probabilities")
    if contender.has_checks and not scores["out_of_range"].equals(
        expected["out_of_range"]
    ):
        sys.exit(f"{contender.name} flags other rows")
