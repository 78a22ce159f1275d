"""A round: find triggers, decide, start at most one job, record the results."""

import json
import logging
from contextlib import suppress

from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError

from iris_kedro.errors import ProjectError
from iris_kedro.specification import Watcher as Parameters

from .jobs.commands import Commands
from .jobs.manager import JobManager, RunningJob
from .observer import Observer
from .records.lease import Lease, LeaseLost
from .records.reading import Record
from .records.store import Store
from .results import Results
from .rules import Action, PastRun, Situation, decide
from .status import NEWEST_RUNS, PRODUCTION
from .trials import Trials

logger = logging.getLogger(__name__)

LONGEST_REASON = 1000  # in a tag


class Watcher:
    """Watches one model.

    Attributes:
        jobs: Manages the current job.
        has_lease: Whether this watcher is the active one.
        idle_reason: Why the last round had nothing to do; empty if it had.
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
        self.jobs = JobManager(store, lease, observer, results)
        self._by = by
        self._published = ""
        self._production: str | None = (
            None  # notes of an earlier process may be outdated
        )
        self._is_waiting = False  # because another watcher is active
        self.has_lease = False
        self.idle_reason = ""

    def run_round(self, *, acts: bool = True) -> None:
        """Record the result of a finished job, and do what is due.

        Args:
            acts: Whether a new job may start.

        Raises:
            SQLAlchemyError: If the database is unreachable; the next round continues.
            MlflowException: If MLflow is unreachable; the next round continues.
            ProjectError: If MLflow was too slow to change the registry.
            DatasetError: If a decision needs the source and it cannot be read.
        """
        self.idle_reason = ""
        try:
            self._keep_lease()
            if not self.has_lease:
                self.jobs.take_over()
                self.has_lease = True
            self._trials.advance()  # also while a job is running
            self._keep_lease()  # reading many rows takes a while
            self.jobs.update()
            if acts and not self.jobs.is_busy:
                self._act()
            self._publish()
            self._note_production()
        except LeaseLost:
            self.jobs.abandon()
            if self.has_lease or not self._is_waiting:
                logger.info("Waiting: another watcher of this model is active")
            self.has_lease, self._is_waiting = False, True
            self.idle_reason = "another watcher of this model is active"

    def close(self) -> None:
        """End the job, record the result, and release the lease."""
        with suppress(SQLAlchemyError, MlflowException, ProjectError, LeaseLost):
            self.jobs.stop()
            self._lease.release()

    def _keep_lease(self) -> None:
        if not self._lease.take():
            raise LeaseLost

    def _act(self) -> None:
        now = self._store.read_time()
        runs = self._store.list_runs(now, NEWEST_RUNS)
        self._observer.check(runs, now)
        if self._decide(runs, now):
            return
        due = self._observer.find_monitoring(now)
        if due is not None:
            self.idle_reason = ""
            self._observer.note_monitoring(due)
            self.jobs.begin(RunningJob(self._commands.start_monitoring()))

    def _decide(self, runs: tuple[PastRun, ...], now: float) -> bool:
        """Decide about the waiting triggers; return whether a run has begun."""
        waiting = self._store.list_waiting()
        if not waiting:
            self.idle_reason = "no trigger has fired"
            return False
        labels = self._observer.new_data.count_labels()
        situation = Situation(
            waiting,
            runs,
            self._store.find_reset(),
            labels > 0 or self._observer.new_data.has_new_source(runs, now),
            self._trials.find_canary(),
            self._observer.new_data.takes_labels,
        )
        decision = decide(situation, self._parameters.rules, now)
        if decision is None:
            return False
        if decision.action is Action.WAIT:
            self.idle_reason = decision.reason
            last = self._store.list_decisions(1)
            if not last or (last[0].action, last[0].rule) != ("wait", decision.rule):
                logger.info("Wait: %s", decision.reason)
                self._store.decide(self._lease, decision, by=self._by)
            return False
        if decision.action is Action.RUN:
            self._results.recover()  # no run starts without MLflow
        digest = self._observer.new_data.read_digest()
        logger.info("%s: %s", decision.action.capitalize(), decision.reason)
        decision_id = self._store.decide(
            self._lease, decision, waiting, by=self._by, source_digest=digest
        )
        if decision.action is not Action.RUN:
            return False
        self._start_run(decision_id)
        return True

    def _start_run(self, decision: str) -> None:
        job = self._commands.start_run(decision, self._parameters)
        self.jobs.begin(RunningJob(job, decision))
        logger.info("Run %s has started; its output is in %s", decision, job.log)

    def _publish(self) -> None:
        """Record the last decision in MLflow; retry later if that fails."""
        for record in self._store.list_decisions(1):
            text = _describe(record)
            if text != self._published:
                self._results.publish(text)
                self._published = text

    def _note_production(self) -> None:
        """Note the age of the model, for the metrics."""
        found = self._results.find_production()
        text = "{} {}".format(*found) if found else ""
        if text != self._production:
            self._store.write_note(self._lease, PRODUCTION, text)
            self._production = text


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
