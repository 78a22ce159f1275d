"""Scores parts on a Dask cluster."""

import pickle
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING

from iris_kedro.datasets.batch.running.workers import Score, score_ahead
from iris_kedro.errors import ProjectError
from iris_kedro.scoring.counts import Counts
from iris_kedro.scoring.rows import Part

if TYPE_CHECKING:
    from distributed import Client


def score_on_cluster(
    client: "Client", score: Score, parts: Sequence[Part]
) -> Iterator[Counts]:
    """Score parts on the workers of a cluster; yield the counts of finished parts.

    Workers read and write files themselves, so that only the description of a part is
    sent. Dask repeats the unfinished parts of a lost worker.

    Raises:
        ProjectError: If several workers are lost with the same part.
    """
    from distributed.scheduler import KilledWorker  # noqa: PLC0415  (half a second)

    # Sent once, as a task, which the scheduler can repeat if a worker is lost.
    sent = client.submit(pickle.loads, pickle.dumps(score), pure=False)
    cores = sum(client.ncores().values())
    with client.get_executor(pure=False) as pool:

        def submit(part: Part) -> Future[Counts]:
            future: Future[Counts] = pool.submit(_call, sent, part)
            return future

        try:
            for _, counts in score_ahead(submit, parts, cores):
                yield counts
        except KilledWorker as error:
            raise ProjectError(
                "several workers of the cluster were lost while they scored the same"
                " part, usually because they ran out of memory: give them more"
            ) from error


def _call(score: Score, part: Part) -> Counts:
    return score(part)
