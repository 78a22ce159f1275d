"""Production's partner: it handles a share of the requests, or is a guard."""

import logging
from dataclasses import dataclass
from typing import Any

from serving.canary.arms import is_for_canary
from serving.canary.share import is_canary, read_share
from serving.canary.time_limit import TimeLimit
from serving.canary.timing import CANARY, TimedPrediction, predict
from serving.config import Config
from serving.loading.served import Served, build_served
from serving.model.contract.contract import Contract, ContractError
from serving.model.onnx_model import Model
from serving.monitoring.metrics import ServiceMetrics
from serving.monitoring.observations import OtherPrediction
from serving.schemas.recoding import Recoder
from serving.schemas.rows import Matrix

TASK = "partner"
# Far longer than any batch takes. Together with Production's prediction, it is less
# than the 30 s after which gunicorn kills a worker that does not respond.
LONGEST_SECONDS = 10.0

logger = logging.getLogger(__name__)


class InvalidPredictionError(Exception):
    """A model has predicted an unknown class, or a probability that is not a number."""


@dataclass(frozen=True)
class Running:
    """The partner in use; immutable, so that it is replaced as a whole.

    Attributes:
        served: The partner's model.
        share: Share of the requests assigned to it, from 0 to 1.
        recoder: Converts Production's rows to its encoding.
    """

    served: Served
    share: float
    recoder: Recoder

    @property
    def version(self) -> str:
        """Its version."""
        return self.served.model.version.version

    @property
    def is_canary(self) -> bool:
        """Whether it handles requests; Previous only predicts the same rows."""
        return is_canary(self.served.model.version)


class Partner:
    """Predicts with Production's partner, if there is one.

    If it fails or takes longer than ``LONGEST_SECONDS``, Production takes over.

    Attributes:
        running: The partner in use; None if there is none.
        limit: The time limit of its predictions; the reloader's thread enforces it.
    """

    def __init__(self, metrics: ServiceMetrics, config: Config) -> None:
        self.running: Running | None = None
        self.limit = TimeLimit(LONGEST_SECONDS)
        self._metrics = metrics
        self._config = config

    def swap(self, model: Model) -> None:
        """Switch to another version.

        Raises:
            ModelRefusedError: If it cannot be served; the one in use stays.
        """
        share = read_share(model.version)
        served = build_served(model, self._metrics, self._config)
        self._metrics.partner_errors.labels(model.version.version)
        self.running = Running(served, share, Recoder(model.contract))

    def withdraw(self) -> None:
        """Stop using the partner."""
        self.running = None

    def find(self, production: Served) -> Running | None:
        """Return the partner of a model: another version with the same classes."""
        running = self.running
        if running is None:
            return None
        model, other = production.model, running.served.model
        if model.version.version == other.version.version:
            return None  # it has just been promoted
        return running if model.contract.classes == other.contract.classes else None

    def find_canary(self, production: Served) -> Running | None:
        """Return the canary that handles a share of a model's requests."""
        running = self.find(production)
        return running if running and running.is_canary else None

    def describe_canary(self, production: Served) -> dict[str, Any] | None:
        """Describe the canary for responses; None if there is none."""
        canary = self.find_canary(production)
        if canary is None:
            return None
        return {"version": canary.version, "share": canary.share}

    def predict(self, production: Served, rows: Matrix, key: str) -> TimedPrediction:
        """Predict rows with the model that their request is assigned to.

        Args:
            production: The model in use.
            rows: Rows that its schema accepts, shape (n_rows, n_features).
            key: Determines the assigned model.
        """
        running = self.find(production)
        if running is None:
            return predict(production, rows)
        is_chosen = is_for_canary(key, running.version, running.share)
        if running.is_canary and not is_chosen:
            return predict(production, rows)
        beside = self._try_to_predict(running, production.model.contract, rows)
        own = predict(production, rows)
        if is_chosen and isinstance(beside, TimedPrediction):
            return beside._replace(other=own.as_other)
        if is_chosen:
            own = own._replace(arm=CANARY)
        other = beside.as_other if isinstance(beside, TimedPrediction) else beside
        return own._replace(other=other)

    def _try_to_predict(
        self, running: Running, source: Contract, rows: Matrix
    ) -> TimedPrediction | OtherPrediction | None:
        """Predict with the partner.

        Returns:
            Its prediction; an ``OtherPrediction`` of None if it fails, and None if it
            lacks features or categories of the rows.
        """
        failed = None
        try:
            recoded, kept = running.recoder.recode(rows, source)
            if kept.all():
                with self.limit.watch() as options:
                    timed = predict(running.served, recoded, options)
                if not timed.prediction.is_valid(source.classes):
                    raise InvalidPredictionError
                return timed
        except ContractError:
            logger.debug("Production has other features; the follower checks this")
        except Exception as error:
            self._fail(running, error)
            failed = OtherPrediction(running.served.model, None)
        self._metrics.dropped.labels(TASK).inc(len(rows))
        return failed

    def _fail(self, running: Running, error: Exception) -> None:
        """Stop using a version that fails, until its entry in the registry changes."""
        self._metrics.partner_errors.labels(running.version).inc()
        if self.running is running:
            self.running = None
            self._metrics.errors.record(TASK, error)
            fields = {"role": TASK, "version": running.version}
            logger.error("version withdrawn", extra={"fields": fields})
