"""Dataset of the scores: runs the parts, resumes, and knows what is finished."""

import logging
import os
import time
from collections.abc import Mapping
from typing import Any

from kedro.io import AbstractDataset, DatasetError

from iris_kedro.datasets.batch.parts import ScorePart
from iris_kedro.datasets.batch.progress import show_progress
from iris_kedro.datasets.batch.query import discard
from iris_kedro.datasets.batch.reading.locations import resolve
from iris_kedro.datasets.batch.target import (
    MANIFEST,
    OWN,
    PARTS,
    PREFIX,
    UNFINISHED,
    Target,
)
from iris_kedro.datasets.batch.workers import score_in_processes
from iris_kedro.errors import ProjectError
from iris_kedro.scoring.counts import Counts
from iris_kedro.scoring.job import ScoredRows, ScoringJob
from iris_kedro.scoring.rows import Part

logger = logging.getLogger(__name__)

IDENTITY, PARTS_TOTAL, IS_FINISHED = "identity", "parts", "finished"


class ScoresDataset(AbstractDataset[ScoringJob, ScoredRows]):
    """A folder of scores, one file for each part of the rows.

    Like the lazy partitions of Kedro's PartitionedDataset, parts are computed when they
    are saved. A run that was killed is resumed: parts that are finished stay. If the
    rows, the model or a parameter have changed, all are scored anew.

    Args:
        target: The folder, in any file system of pyarrow.
        path: Folder that a relative target starts from; Kedro makes it absolute.
        metadata: For plugins.
    """

    def __init__(
        self,
        target: str | None,
        path: str = ".",
        metadata: dict[str, Any] | None = None,
    ) -> None:
        self._location = target
        self._path = path
        self.metadata = metadata
        self._resumed = 0
        self._seconds = 0.0

    def save(self, data: ScoringJob) -> None:
        """Score and write the parts that are not finished.

        Raises:
            DatasetError: If there is no target, its folder has other files, or a part
                cannot be scored.
        """
        target = self._open()
        self._prepare(target, data.identity)
        finished = find_finished(target)
        pending = [each for each in data.rows.parts if each.number not in finished]
        self._resumed = len(finished)
        if not pending and (target.read_json(MANIFEST) or {}).get(IS_FINISHED):
            logger.info("Everything is scored already")
            discard(data.rows.staged)
            return
        _write_manifest(target, data, is_finished=False)
        began = time.monotonic()
        try:
            self._run(target, data, pending)
        except ProjectError as error:  # Kedro would add its own message
            raise DatasetError(str(error)) from error
        self._seconds = time.monotonic() - began
        _write_manifest(target, data, is_finished=True)
        discard(data.rows.staged)

    def load(self) -> ScoredRows:
        """Return what is known of the parts.

        Raises:
            DatasetError: If the scores are not finished.
        """
        target = self._open()
        manifest = target.read_json(MANIFEST) or {}
        if not manifest.get(IS_FINISHED):
            raise DatasetError(f"there are no finished scores at {self._location}")
        found = find_finished(target)
        return ScoredRows(
            target=str(self._location),
            identity=manifest[IDENTITY],
            parts=[found[number] for number in sorted(found)],
            resumed=self._resumed,
            seconds=self._seconds,
        )

    def _describe(self) -> dict[str, Any]:
        return {"target": self._location}

    def _open(self) -> Target:
        if not self._location:
            raise DatasetError(
                "batch_inference.target is not set, the folder for the scores:"
                " kedro run --pipelines batch_inference --params"
                " batch_inference.source=rows/,batch_inference.target=scores/"
            )
        return Target(resolve(self._location, self._path))

    def _prepare(self, target: Target, identity: Mapping[str, Any]) -> None:
        """Clear the folder if its scores are of another job."""
        manifest = target.read_json(MANIFEST)
        files = target.list()
        if manifest is None:
            if any(not name.startswith(UNFINISHED) for name in files):
                raise DatasetError(
                    f"{self._location} has other files, such as {sorted(files)[0]}:"
                    " choose an empty or new folder for batch_inference.target"
                )
            return
        changed = _compare(manifest[IDENTITY], identity)
        if not changed:
            return
        logger.info("Scoring all rows anew: %s", "; ".join(changed))
        # What says that a part is finished goes first.
        for folder in (*OWN, ""):
            for name in target.list(folder):
                if name.startswith((PREFIX, UNFINISHED)):
                    target.delete(folder, name)

    @staticmethod
    def _run(target: Target, job: ScoringJob, pending: list[Part]) -> None:
        parameters = job.parameters
        function = ScorePart(job.rows.read, job.scorer, target, parameters.format)
        processes = parameters.processes or len(os.sched_getaffinity(0))
        results = (
            map(function, pending)
            if min(processes, len(pending)) == 1
            else score_in_processes(function, pending, processes)
        )
        show_progress(results, pending, len(job.rows.parts))


def find_finished(target: Target) -> dict[int, Counts]:
    """Return the counts of the parts whose files are complete, by number."""
    sizes = target.list()
    found = {}
    for name in target.list(PARTS):
        if name.startswith(UNFINISHED):
            continue
        values = target.read_json(f"{PARTS}/{name}")
        stem = name.rpartition(".")[0]
        size = values.pop("bytes")
        if any(sizes.get(f"{stem}.{each}") == size for each in _SUFFIXES):
            found[int(stem.removeprefix(PREFIX))] = Counts.from_json(values)
    return found


_SUFFIXES = ("parquet", "csv", "jsonl")


def _write_manifest(target: Target, job: ScoringJob, *, is_finished: bool) -> None:
    target.write_json(
        MANIFEST,
        {
            IDENTITY: job.identity,
            PARTS_TOTAL: len(job.rows.parts),
            IS_FINISHED: is_finished,
        },
    )


def _compare(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return what has changed, in words."""
    return [
        f"{name} was {before.get(name)!r} and is {now.get(name)!r}"
        for name in sorted({*before, *now})
        if before.get(name) != now.get(name)
    ]
