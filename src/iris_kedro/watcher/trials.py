"""Decides about the canary and the guard in each round."""

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy import Engine

from iris_kedro.canary import Action, Decision, advance_canary
from iris_kedro.registry import Registry
from iris_kedro.specification import Canary

from .records.database import reading
from .triggers.labels import has_predictions

logger = logging.getLogger(__name__)

# A decision reads the first rows of every hour of the trial. If that takes longer than
# a few seconds, the next one waits, so that reading takes a tenth of the time at most.
QUICK_SECONDS, SHARE_OF_TIME = 5.0, 0.1
NOTE_SECONDS = 10.0  # between two notes of the evidence
LONGEST_REASON = 1000  # characters; MLflow limits the note to 5,000


class Trials:
    """Decides about the canary and the guarded Production of a model.

    Args:
        registry: The model's registry.
        engine: The database of predictions.
        parameters: The rules.
        by: Name of this watcher in the history.
        clock: Returns seconds since an arbitrary moment.
    """

    def __init__(
        self,
        registry: Registry,
        engine: Engine,
        parameters: Canary,
        by: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._registry = registry
        self._engine = reading(engine)
        self._parameters = parameters
        self._by = by
        self._clock = clock
        self._next_at = self._notes_at = 0.0

    def advance(self) -> None:
        """Make one decision, carry it out and record it in the model's history.

        Raises:
            MlflowException: If MLflow is unreachable.
            SQLAlchemyError: If the database is unreachable.
        """
        began = self._clock()
        if began < self._next_at:
            return
        engine = self._engine if has_predictions(self._engine) else None
        decision = advance_canary(
            self._registry, engine, self._parameters, datetime.now(UTC), self._by
        )
        if decision.action is not Action.WAIT:
            logger.info(
                "Version %s: %s: %s", decision.version, decision.action, decision.reason
            )
        self._note(decision, began)
        took = self._clock() - began
        if took > QUICK_SECONDS:
            self._next_at = began + took / SHARE_OF_TIME

    def _note(self, decision: Decision, now: float) -> None:
        """Keep the evidence in the registry, where the service reads it."""
        is_early = decision.action is Action.WAIT and now < self._notes_at
        if decision.version is None or is_early:
            return
        self._notes_at = now + NOTE_SECONDS
        evidence = {
            "version": decision.version,
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "action": str(decision.action),
            "reason": decision.reason[:LONGEST_REASON],
            "figures": decision.figures,
            "threshold": 1 / self._parameters.alpha,
        }
        self._registry.note_trial(evidence)

    def find_canary(self) -> str | None:
        """Return the version of the running canary, if any.

        Raises:
            MlflowException: If MLflow is unreachable.
        """
        canary = self._registry.canary()
        return canary.version if canary else None
