"""Runs on a cluster what scikit-learn would run in joblib's threads.

joblib's own backend for Dask is not used for two measured reasons. It scatters the
rows, so that they are lost with a dead worker, and the search fails. It also sends the
trees of each forest through the scheduler, which takes longer than fitting them.
"""

import pickle
import warnings
from typing import Any

import numpy as np
import pandas as pd
from dask.sizeof import sizeof
from distributed import Client, Future
from distributed.client import FutureCancelledError
from distributed.comm.core import CommClosedError
from distributed.protocol.pickle import dumps
from distributed.scheduler import KilledWorker
from joblib.parallel import AutoBatchingMixin, ParallelBackendBase, SequentialBackend

from iris_kedro.cluster.watch import Watch
from iris_kedro.cluster.work import Placeholder, run_batch
from iris_kedro.errors import ProjectError

LOST = "the connection to the scheduler of the cluster was lost"
LARGE = 10_000  # bytes; smaller arrays are sent with each fit


class ClusterBackend(AutoBatchingMixin, ParallelBackendBase):  # type: ignore[misc]  # untyped
    """A joblib backend, to be used by one thread: see ``joblib.parallel_config``.

    Args:
        client: Connection to the cluster.
        wait_seconds: How long to wait for workers when all are lost.
    """

    supports_retrieve_callback = True
    default_n_jobs = -1

    def __init__(self, client: Client, wait_seconds: float) -> None:
        super().__init__(nesting_level=0)
        self._client = client
        self._wait_seconds = wait_seconds
        self._sent: dict[int, tuple[Any, Future[Any]]] = {}
        self._pending: set[Future[Any]] = set()
        self._warnings: list[tuple[str, type[Warning]]] = []
        self._watch: Watch | None = None

    def effective_n_jobs(self, n_jobs: int) -> int:
        """Return the number of cores; the requested number is for threads."""
        try:
            cores: dict[str, int] = self._client.ncores()
        except OSError as error:
            raise ProjectError(f"{LOST}: {error}") from error
        return max(2, sum(cores.values()))  # joblib uses no backend for one job

    def configure(self, n_jobs: int = 1, parallel: Any = None, **settings: Any) -> int:
        """Prepare for a call of ``joblib.Parallel``."""
        self.parallel = parallel
        return self.effective_n_jobs(n_jobs)

    def get_nested_backend(self) -> tuple[ParallelBackendBase, int]:
        """Return the backend within a fit, which has one core."""
        return SequentialBackend(nesting_level=1), 1

    def start_call(self) -> None:
        """Watch the workers while waiting for fits."""
        self._watch = Watch(self._client, self._wait_seconds, self._pending)
        self._watch.start()

    def stop_call(self) -> None:
        """Release the data on the cluster; repeat the warnings of the fits here."""
        if self._watch is not None:
            self._watch.stop()
        self._sent.clear()
        self._pending.clear()
        found, self._warnings = self._warnings, []
        for text, category in found:
            warnings.warn_explicit(text, category, __file__, 0)

    def submit(self, func: Any, callback: Any = None) -> Future[Any]:
        """Send a batch of calls to the cluster."""
        places: list[Future[Any]] = []

        def place(value: Any) -> Any:
            is_table = isinstance(value, np.ndarray | pd.DataFrame | pd.Series)
            if not is_table or sizeof(value) < LARGE:
                return value
            places.append(self._send(value))
            return Placeholder(len(places) - 1)

        calls = [
            (
                function,
                [place(each) for each in arguments],
                {name: place(each) for name, each in named.items()},
            )
            for function, arguments, named in func.items
        ]
        future = self._client.submit(run_batch, dumps(calls), *places, pure=False)
        self._pending.add(future)
        future.add_done_callback(callback)
        return future

    def retrieve_result_callback(self, out: Future[Any]) -> list[Any]:
        """Return the results of a batch.

        Raises:
            ProjectError: If the cluster has failed.
            Exception: The exception of a failed fit.
        """
        self._pending.discard(out)
        try:
            results, found = out.result()
        except KilledWorker as error:
            raise ProjectError(
                "a fit failed, because several workers that ran it died, most likely"
                " because they ran out of memory. Give workers more memory"
            ) from error
        except (FutureCancelledError, CommClosedError) as error:
            reason = self._watch.reason if self._watch is not None else ""
            raise ProjectError(reason or f"{LOST}: {error}") from error
        except ImportError as error:
            raise ProjectError(
                f"a worker cannot import what a candidate needs: {error}. Install it"
                " on all workers"
            ) from error
        self._warnings += found
        return list(results)

    def abort_everything(self, ensure_ready: bool = True) -> None:
        """Cancel all other fits after one has failed."""
        if self._client.status == "running":
            self._client.cancel(list(self._pending), force=True)
        self._pending.clear()

    def _send(self, value: Any) -> Future[Any]:
        """Send data once for a search, as a task, which the scheduler can repeat."""
        if id(value) not in self._sent:
            content = pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
            future = self._client.submit(pickle.loads, content, pure=False)
            # Keeps the value, so that its id is not reused.
            self._sent[id(value)] = value, future
        return self._sent[id(value)][1]
