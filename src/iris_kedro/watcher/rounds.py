"""A round: see, decide, start at most one job, record."""

import json
import logging
import signal
from contextlib import suppress
from dataclasses import dataclass

from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError

from iris_kedro.specification import Watcher as Parameters

from .commands import Commands
from .jobs import Job, end_group
from .observer import Observer
from .records.lease import Lease, LeaseLost
from .records.reading import Record
from .records.store import Result, Store
from .results import Results
from .rules import NOT_TRAINED, TO_REPEAT, Action, Outcome, PastRun, Situation, decide
from .status import NEWEST_RUNS
from .trials import Trials

logger = logging.getLogger(__name__)

LONGEST_REASON = 1000  # in a tag


@dataclass
class Running:
    """A job under way; it is a monitoring if it belongs to no run."""

    job: Job
    run: str | None = None
    code: int | None = None
    is_stopped: bool = False


class Watcher:
    """Watches one model.

    Args:
        parameters: When to do what.
        store: Triggers and decisions.
        lease: The right to act.
        observer: What looks for triggers.
        results: What the registry knows.
        commands: How runs are started.
        trials: What becomes of the canary and the guard.
        by: Who it is, for the records.
    """

    def __init__(
        self,
        parameters: Parameters,
        store: Store,
        lease: Lease,
        observer: Observer,
        results: Results,
        commands: Commands,
        trials: Trials,
        by: str,
    ) -> None:
        self._parameters = parameters
        self._store = store
        self._lease = lease
        self._observer = observer
        self._results = results
        self._commands = commands
        self._trials = trials
        self._by = by
        self._running: Running | None = None
        self._published = ""
        self._is_waiting = False  # for another watcher
        self.has_lease = False
        self.has_failed = False  # the last run

    @property
    def is_busy(self) -> bool:
        """Whether a job is under way, or its result is not recorded yet."""
        return self._running is not None

    @property
    def has_ended(self) -> bool:
        """Whether only the result of a job has to be recorded."""
        return self._running is not None and self._running.code is not None

    def run_round(self, *, acts: bool = True) -> None:
        """Record what came of a job, and do what is due.

        Args:
            acts: Whether something new may start.

        Raises:
            SQLAlchemyError: If the database is away: the next round goes on.
            MlflowException: If MLflow is away, likewise.
            DatasetError: If a decision needs the source and it cannot be read.
        """
        try:
            if not self._lease.take():
                raise LeaseLost
            if not self.has_lease:
                self._take_over()
                self.has_lease = True
            self._trials.advance()  # also while a job is under way
            if not self._is_working() and acts:
                self._act()
            self._publish()
        except LeaseLost:
            self._drop_job()
            if self.has_lease or not self._is_waiting:
                logger.info("Another watcher acts for this model: this one waits")
            self.has_lease, self._is_waiting = False, True

    def tend(self) -> bool:
        """Return whether a job has just ended; end one that lost its right to run."""
        running = self._running
        if running is None or running.code is not None:
            return False
        running.code = running.job.poll()
        if running.code is None and self._lease.is_expiring():
            logger.warning("The database is away for too long: the job is ended")
            self._stop(running)
        return running.code is not None

    def close(self) -> None:
        """End the job, record that, and let another watcher act."""
        running = self._running
        with suppress(SQLAlchemyError, MlflowException, LeaseLost):
            if running is not None:
                if running.code is None:
                    self._stop(running)
                self._settle(running)
            self._lease.release()

    def _act(self) -> None:
        now = self._store.read_time()
        runs = self._store.list_runs(now, NEWEST_RUNS)
        self._observer.look(runs, now)
        if self._decide(runs, now):
            return
        due = self._observer.find_monitoring(now)
        if due is not None:
            self._observer.note_monitoring(due)
            self._begin(Running(self._commands.start_monitoring()))

    def _decide(self, runs: tuple[PastRun, ...], now: float) -> bool:
        """Decide about what waits; return whether a run has begun."""
        waiting = self._store.list_waiting()
        if not waiting:
            return False
        labels = self._observer.count_labels()
        situation = Situation(
            waiting,
            runs,
            self._store.find_reset(),
            labels > 0 or self._observer.has_new_source(runs, now),
        )
        decision = decide(situation, self._parameters.rules, now)
        if decision is None:
            return False
        if decision.action is Action.WAIT:
            last = self._store.list_decisions(1)
            if not last or (last[0].action, last[0].rule) != ("wait", decision.rule):
                logger.info("Wait: %s", decision.reason)
                self._store.decide(self._lease, decision, by=self._by)
            return False
        if decision.action is Action.RUN:
            self._results.recover()  # no run starts without MLflow
        digest = self._observer.read_digest()
        logger.info("%s: %s", decision.action.capitalize(), decision.reason)
        decision_id = self._store.decide(
            self._lease,
            decision,
            waiting,
            by=self._by,
            source_digest=digest,
        )
        if decision.action is not Action.RUN:
            return False
        self._start_run(decision_id)
        return True

    def _start_run(self, decision: str) -> None:
        job = self._commands.start_run(decision, self._parameters)
        self._begin(Running(job, decision))
        logger.info("Run %s has started; its output is in %s", decision, job.log)

    def _begin(self, running: Running) -> None:
        self._running = running
        try:
            self._lease.note_job(running.job.pid, running.job.started)
        except BaseException:
            self._stop(running)
            raise
        running.job.begin()

    def _is_working(self) -> bool:
        """Return whether a job is under way; record what came of one that has ended."""
        running = self._running
        if running is None:
            return False
        self.tend()
        if running.code is None:
            return True
        self._settle(running)
        return False

    def _settle(self, running: Running) -> None:
        if running.run is None:
            if running.code == 0:
                self._observer.look_at_report()
            elif not running.is_stopped:
                logger.warning("The monitoring failed: %s", running.job.read_error())
        else:
            self._finish(running.run, self._explain(running))
        self._running = None
        self._lease.note_job()

    def _explain(self, running: Running) -> Result:
        """Say what a run has come to that has nothing in the registry."""
        if running.is_stopped:
            return Result(Outcome.INTERRUPTED, remark="the watcher was stopped")
        if running.code == 0:
            return Result(Outcome.UNCHANGED, remark="nothing to release")
        if running.code is not None and running.code < 0:
            number = signal.Signals(-running.code)
            text = f"killed by signal {number.value} ({number.name})"
            return Result(Outcome.FAILED, remark=text)
        reason = running.job.read_error()[:LONGEST_REASON]
        return Result(Outcome.FAILED, remark=f"exit code {running.code}: {reason}")

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

    def _take_over(self) -> None:
        """Record what became of the run of a watcher that died, and end it."""
        orphan = self._lease.find_orphan()
        if orphan is not None:
            end_group(*orphan)
        self._lease.note_job()
        died = Result(Outcome.INTERRUPTED, remark="the watcher died")
        for run in self._store.list_runs(self._store.read_time(), NEWEST_RUNS):
            if run.outcome is None:
                self._finish(run.id, died)

    def _stop(self, running: Running) -> None:
        running.code = running.job.stop()
        running.is_stopped = True

    def _drop_job(self) -> None:
        """End a job that another watcher has to record."""
        if self._running is not None:
            self._stop(self._running)
            self._running = None

    def _publish(self) -> None:
        """Record the last decision in MLflow; retry later if that fails."""
        for record in self._store.list_decisions(1):
            text = _describe(record)
            if text != self._published:
                self._results.publish(text)
                self._published = text


def _describe(record: Record) -> str:
    values = {
        "at": record.decided_at,
        "action": record.action,
        "rule": record.rule,
        "reason": record.reason[:LONGEST_REASON],
        "outcome": record.outcome,
        "version": record.version,
    }
    return json.dumps({name: value for name, value in values.items() if value})
