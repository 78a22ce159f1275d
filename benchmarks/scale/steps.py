"""The CPU time of each step of scoring a row."""

import hashlib
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from iris_kedro.datasets.batch.writing.encoding import encode
from iris_kedro.scoring.predictions import LoadedModel
from iris_kedro.scoring.rows import Batch
from iris_kedro.scoring.scorer import Scorer
from iris_kedro.scoring.validation import Validator, to_tensors

ROUNDS = 3
READ, CHECK, PREDICT = "read Parquet", "check", "predict with ONNX Runtime"
REST, WRITE = "count, look for drift, build the table", "write Parquet"
HASH = "SHA-256 of the file"

T = TypeVar("T")


class Stopwatch:
    """Adds up the CPU time of steps.

    Attributes:
        seconds: The sums by step.
    """

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)

    def time(self, step: str, function: Callable[..., T], *values: object) -> T:
        """Call a function, add its time to a step, and return its result."""
        begin = time.process_time()
        result = function(*values)
        self.seconds[step] += time.process_time() - begin
        return result


def measure_steps(model: Path, rows: Path) -> dict[str, float]:
    """Measure each step separately, in one thread, with the scores in memory.

    Args:
        model: Folder of a model.
        rows: A file of Parquet.

    Returns:
        Nanoseconds per row of each step.
    """
    pa.set_cpu_count(1)
    file, watch = pq.ParquetFile(rows), Stopwatch()
    content = (model / "model.onnx").read_bytes()
    loaded, columns = LoadedModel(content), tuple(file.schema_arrow.names)
    validator = Validator(loaded.contract)
    score = Scorer(content, "1", "contract", False, columns, "reject", every=200)
    for _ in range(ROUNDS):
        for group in range(file.num_row_groups):
            batch = watch.time(READ, _read, file, group)
            scored = watch.time(REST, score, batch, group, 0)
            checked = watch.time(CHECK, validator.check, batch)
            tensors = watch.time(CHECK, to_tensors, checked.columns, loaded.contract)
            watch.time(PREDICT, loaded.predict, tensors)
            written = watch.time(WRITE, encode, [scored.scores], "parquet")
            watch.time(HASH, hashlib.sha256, written)
    watch.seconds[REST] -= watch.seconds[CHECK] + watch.seconds[PREDICT]
    many = ROUNDS * file.metadata.num_rows
    return {step: 1e9 * seconds / many for step, seconds in watch.seconds.items()}


def write_steps(steps: dict[str, float]) -> Iterator[str]:
    """Yield a table of the steps, and whether input and output take most of the time.

    Args:
        steps: The result of ``measure_steps``.
    """
    total = sum(steps.values())
    yield from ("", "| step of logistic regression | ns a row | share |")
    yield "| --- | --- | --- |"
    for step in (READ, CHECK, PREDICT, REST, WRITE, HASH):
        yield f"| {step} | {steps[step]:.0f} | {steps[step] / total:.0%} |"
    bound = (steps[READ] + steps[WRITE]) / total
    least = steps[READ] + steps[PREDICT] + steps[WRITE]
    verdict = "reached" if bound > 0.5 else "not reached"  # noqa: PLR2004
    yield from (
        "",
        f"Reading and writing take {bound:.0%}, more than all else together (I/O"
        f" bound): {verdict}. The least that any script with these libraries needs,"
        f" to read, predict and write, is {least / total:.0%} of it.",
    )


def _read(file: pq.ParquetFile, group: int) -> Batch:
    table = file.read_row_group(group, use_threads=False).combine_chunks()
    (rows,) = table.to_batches()
    return Batch(rows, np.arange(rows.num_rows))
