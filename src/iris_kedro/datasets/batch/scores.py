"""The dataset of scores: scores the parts, and resumes an interrupted run."""

import logging
import time
from typing import Any

import joblib
from kedro.io import AbstractDataset, DatasetError

from iris_kedro.cluster.active import get_client
from iris_kedro.datasets.batch.query import discard, locate_database
from iris_kedro.datasets.batch.reading.locations import resolve
from iris_kedro.datasets.batch.running.cluster import score_on_cluster
from iris_kedro.datasets.batch.running.parts import ScorePart
from iris_kedro.datasets.batch.running.progress import show_progress
from iris_kedro.datasets.batch.running.workers import score_in_processes
from iris_kedro.datasets.batch.writing.manifest import (
    find_finished,
    prepare,
    read_identity,
    write_manifest,
)
from iris_kedro.datasets.batch.writing.publishing import publish
from iris_kedro.datasets.batch.writing.recording import Recorder
from iris_kedro.datasets.batch.writing.target import Target
from iris_kedro.errors import ProjectError
from iris_kedro.prediction_database import locate
from iris_kedro.scoring.job import ScoredRows, ScoringJob
from iris_kedro.scoring.rows import Part

logger = logging.getLogger(__name__)


class ScoresDataset(AbstractDataset[ScoringJob, ScoredRows]):
    """A folder of scores, one file for each part of the rows.

    Like the lazy partitions of Kedro's PartitionedDataset, parts are computed when they
    are saved. A killed run is resumed: finished parts are kept. If the rows, the model
    or a parameter has changed, all rows are scored again.

    Args:
        target: The folder, in any file system of pyarrow.
        credentials: SQLAlchemy URLs: of the service's database as ``predictions``, and
            of the database with the table of scores as ``table``.
        omitted: Features that are never stored in the service's database, separated by
            commas.
        path: Folder of a relative target; Kedro makes it absolute.
        metadata: For plugins.
    """

    def __init__(
        self,
        target: str | None,
        credentials: dict[str, Any] | None = None,
        omitted: str = "",
        path: str = ".",
        metadata: dict[str, Any] | None = None,
    ) -> None:
        self._location = target
        self._credentials = credentials or {}
        self._omitted = frozenset(name.strip() for name in omitted.split(","))
        self._path = path
        self.metadata = metadata
        self._resumed = 0
        self._seconds = 0.0

    def save(self, data: ScoringJob) -> None:
        """Score and write the unfinished parts.

        Raises:
            DatasetError: If there is no target, its folder has other files, or a part
                cannot be scored.
        """
        target = self._open()
        try:
            recorder = self._make_recorder(data)
            with target.lock():
                self._score(target, data, recorder)
        except ProjectError as error:  # Kedro would add its own message
            raise DatasetError(str(error)) from error
        discard(data.rows.staged)

    def load(self) -> ScoredRows:
        """Return the counts of all parts.

        Raises:
            DatasetError: If the scores are not finished.
        """
        target = self._open()
        identity = read_identity(target)
        if identity is None:
            raise DatasetError(f"there are no finished scores at {self._location}")
        found = find_finished(target)
        return ScoredRows(
            target=str(self._location),
            identity=identity,
            parts=[found[number] for number in sorted(found)],
            resumed=self._resumed,
            seconds=self._seconds,
        )

    def _describe(self) -> dict[str, Any]:
        return {"target": self._location}

    def _open(self) -> Target:
        if not self._location:
            raise DatasetError(
                "batch_inference.target, the folder of the scores, is not set:"
                " kedro run --pipelines batch_inference --params"
                " batch_inference.source=rows/,batch_inference.target=scores/"
            )
        return Target(resolve(self._location, self._path))

    def _score(
        self, target: Target, job: ScoringJob, recorder: Recorder | None
    ) -> None:
        prepare(target, job.identity)
        finished = find_finished(target)
        if job.parameters.on_invalid == "fail":  # a part with rejects must fail
            finished = {
                number: each for number, each in finished.items() if not each.rejected
            }
        parts = job.rows.parts
        pending = [each for each in parts if each.number not in finished]
        self._resumed = len(finished)
        if not pending and read_identity(target):
            logger.info("All rows are already scored")
            return
        began = time.monotonic()
        write_manifest(target, job.identity, len(parts), is_finished=False)
        _run(target, job, pending, recorder)
        self._publish(target, job)
        write_manifest(target, job.identity, len(parts), is_finished=True)
        self._seconds = time.monotonic() - began

    def _make_recorder(self, job: ScoringJob) -> Recorder | None:
        if job.scorer.run is None:
            return None
        recorder = Recorder(
            url=locate(self._credentials.get("predictions") or "", self._path),
            run=job.scorer.run,
            model=job.identity["model"],
            version=job.scorer.version,
            classes=job.scorer.output.classes,
            omitted=self._omitted,
        )
        recorder.check()
        return recorder

    def _publish(self, target: Target, job: ScoringJob) -> None:
        table, file_format = job.parameters.table, job.parameters.format
        if table is not None:
            address = locate_database(self._credentials.get("table"), self._path)
            logger.info("Writing the scores to the table %s", table)
            publish(target.location, file_format, address, table)


def _run(
    target: Target, job: ScoringJob, pending: list[Part], recorder: Recorder | None
) -> None:
    read, file_format = job.rows.read, job.parameters.format
    score = ScorePart(read, job.scorer, target, file_format, recorder)
    processes, client = job.parameters.processes or joblib.cpu_count(), get_client()
    if client is not None:
        results = score_on_cluster(client, score, pending)
    elif min(processes, len(pending)) > 1:
        results = score_in_processes(score, pending, processes)
    else:
        results = map(score, pending)
    show_progress(results, pending, len(job.rows.parts))
