"""Manages the current job: stops it in time, and records its result."""

import logging
import signal
from dataclasses import dataclass

from iris_kedro.watcher.observer import Observer
from iris_kedro.watcher.records.lease import Lease
from iris_kedro.watcher.records.store import Result, Store
from iris_kedro.watcher.results import Results
from iris_kedro.watcher.rules import NOT_TRAINED, TO_REPEAT, Outcome
from iris_kedro.watcher.status import NEWEST_RUNS

from .job import Job, end_group

logger = logging.getLogger(__name__)

LONGEST_REMARK = 1000


@dataclass
class RunningJob:
    """A running job: a training run, or monitoring if ``run`` is None."""

    job: Job
    run: str | None = None
    code: int | None = None
    is_stopped: bool = False


class JobManager:
    """Manages one job at a time."""

    def __init__(
        self, store: Store, lease: Lease, observer: Observer, results: Results
    ) -> None:
        self._store = store
        self._lease = lease
        self._observer = observer
        self._results = results
        self._running: RunningJob | None = None
        self.has_failed = False  # the last run

    @property
    def is_busy(self) -> bool:
        """Whether a job is running, or its result is not recorded yet."""
        return self._running is not None

    @property
    def has_ended(self) -> bool:
        """Whether a job has ended and its result is not recorded yet."""
        return self._running is not None and self._running.code is not None

    def begin(self, running: RunningJob) -> None:
        """Start a job, after recording it for a watcher that takes over."""
        self._running = running
        try:
            self._lease.note_job(running.job.pid, running.job.started)
        except BaseException:
            self._stop(running)
            raise
        running.job.begin()

    def check(self) -> bool:
        """Stop a job whose lease is expiring; return whether a job has just ended."""
        running = self._running
        if running is None or running.code is not None:
            return False
        running.code = running.job.poll()
        if running.code is None and self._lease.is_expiring():
            logger.warning("The database was unreachable too long: stopping the job")
            self._stop(running)
        return running.code is not None

    def update(self) -> None:
        """Record the result of a job that has ended."""
        self.check()
        if self._running is not None and self._running.code is not None:
            self._record(self._running)

    def stop(self) -> None:
        """Stop the job and record its result."""
        running = self._running
        if running is not None:
            if running.code is None:
                self._stop(running)
            self._record(running)

    def abandon(self) -> None:
        """Stop the job; another watcher records its result."""
        if self._running is not None:
            self._stop(self._running)
            self._running = None

    def take_over(self) -> None:
        """Stop the job of a dead watcher, and record its result."""
        orphan = self._lease.find_orphan()
        if orphan is not None:
            end_group(*orphan)
        self._lease.note_job()
        died = Result(Outcome.INTERRUPTED, remark="the watcher died")
        for run in self._store.list_runs(self._store.read_time(), NEWEST_RUNS):
            if run.outcome is None:
                self._finish(run.id, died)

    def _record(self, running: RunningJob) -> None:
        if running.run is None:
            if running.code == 0:
                self._observer.check_report()
            elif not running.is_stopped:
                logger.warning("Monitoring failed: %s", running.job.read_error())
        else:
            self._finish(running.run, self._explain(running))
        self._running = None
        self._lease.note_job()

    def _finish(self, run: str, otherwise: Result) -> None:
        self._results.recover()
        result = self._results.find(run) or otherwise
        is_trained = result.outcome not in NOT_TRAINED
        labels = self._results.read_labels(run) if is_trained else None
        self._store.finish(self._lease, run, result, labels)
        self.has_failed = result.outcome in TO_REPEAT
        logger.info(
            "Run %s: %s",
            run,
            ", ".join(
                text
                for text in (
                    result.outcome,
                    f"version {result.version}" if result.version else "",
                    result.remark,
                )
                if text
            ),
        )

    def _explain(self, running: RunningJob) -> Result:
        """Return the result of a run that left nothing in the registry."""
        if running.is_stopped:
            return Result(Outcome.INTERRUPTED, remark="the watcher was stopped")
        if running.code == 0:
            return Result(Outcome.UNCHANGED, remark="nothing to release")
        if running.code is not None and running.code < 0:
            number = signal.Signals(-running.code)
            text = f"killed by signal {number.value} ({number.name})"
            return Result(Outcome.FAILED, remark=text)
        reason = running.job.read_error()[:LONGEST_REMARK]
        return Result(Outcome.FAILED, remark=f"exit code {running.code}: {reason}")

    def _stop(self, running: RunningJob) -> None:
        running.code = running.job.stop()
        running.is_stopped = True
