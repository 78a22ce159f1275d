"""What follows a release: the canary and the guard, moved on in each round."""

import logging
from datetime import UTC, datetime

from sqlalchemy import Engine

from iris_kedro.canary import Action, advance_canary
from iris_kedro.registry import Registry
from iris_kedro.specification import Canary

from .records.database import reading
from .triggers.labels import has_predictions

logger = logging.getLogger(__name__)


class Trials:
    """Decides about the canary and the guarded Production of a model.

    Args:
        registry: The model's registry.
        engine: The database, also of predictions.
        parameters: The rules.
        by: Who decides, for the history.
    """

    def __init__(
        self, registry: Registry, engine: Engine, parameters: Canary, by: str
    ) -> None:
        self._registry = registry
        self._engine = reading(engine)
        self._parameters = parameters
        self._by = by

    def advance(self) -> None:
        """Do what the evidence says by now; the history of the model records it.

        Raises:
            MlflowException: If MLflow is away.
            SQLAlchemyError: If the database is away.
        """
        engine = self._engine if has_predictions(self._engine) else None
        decision = advance_canary(
            self._registry, engine, self._parameters, datetime.now(UTC), self._by
        )
        if decision.action is not Action.WAIT:
            logger.info(
                "Version %s: %s: %s", decision.version, decision.action, decision.reason
            )

    def find_canary(self) -> str | None:
        """Return the version that is the canary, if one is running.

        Raises:
            MlflowException: If MLflow is away.
        """
        canary = self._registry.canary()
        return canary.version if canary else None
