"""The driver's overhead per part of a run, apart from scoring."""

import json
import pickle
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from iris_kedro.datasets.batch.scores import find_finished
from iris_kedro.datasets.batch.writing.target import PARTS, Target
from iris_kedro.scoring.counts import Counts

COPIES = 2_000


@dataclass(frozen=True)
class Bookkeeping:
    """The overhead of a finished part.

    Attributes:
        sidecar: Size of the file that marks it as finished, in bytes.
        counts: Size of its counts as sent to the driver, in bytes.
        seconds: Time to check on a local disk whether it is finished; a run does this
            at its start and end.
    """

    sidecar: int
    counts: int
    seconds: float


def measure_bookkeeping(target: Path) -> Bookkeeping:
    """Measure the overhead on copies of a scored part.

    Args:
        target: Folder of some scores.
    """
    sidecar = min((target / PARTS).glob("*.json")).read_bytes()
    values = json.loads(sidecar)
    size = values["bytes"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / PARTS).mkdir()
        for number in range(COPIES):
            (folder / PARTS / f"part-{number:05}.json").write_bytes(sidecar)
            with (folder / f"part-{number:05}.parquet").open("wb") as file:
                file.truncate(size)
        began = time.perf_counter()
        found = find_finished(Target(name))
        seconds = time.perf_counter() - began
    assert len(found) == COPIES, "parts are not found as they were written"  # noqa: S101
    counts = len(pickle.dumps(Counts.from_json(values["counts"])))
    return Bookkeeping(len(sidecar), counts, seconds / COPIES)
