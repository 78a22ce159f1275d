"""The partner of Production: it answers a share of the requests, or is a guard."""

import logging
from dataclasses import dataclass
from time import perf_counter
from typing import Any, NamedTuple

import onnxruntime as ort

from serving.canary.arms import is_for_canary
from serving.canary.share import is_canary, read_share
from serving.canary.time_limit import TimeLimit
from serving.config import Config
from serving.loading.served import Served, build_served
from serving.model.contract.contract import Contract, ContractError
from serving.model.onnx_model import Model, Prediction
from serving.monitoring.metrics import ServiceMetrics
from serving.monitoring.observers import OtherAnswer
from serving.schemas.recoding import Recoder
from serving.schemas.rows import Matrix

TASK = "partner"
PRODUCTION, CANARY = "production", "canary"
# Far longer than any batch takes. With Production's prediction, it stays below the 30 s
# after which gunicorn kills a worker that does not respond.
LONGEST_SECONDS = 10.0

logger = logging.getLogger(__name__)


class InvalidPredictionError(Exception):
    """A model predicted an unknown class, or a probability that is not a number."""


class Answer(NamedTuple):
    """The prediction for a request, and the model that made it.

    Attributes:
        served: The model that answers.
        rows: The rows in its encoding.
        prediction: Its prediction.
        seconds: Duration of the prediction; 0 if there is no partner.
        arm: The assigned model: ``production`` or ``canary``.
        other: The prediction of the other model, if there is one.
    """

    served: Served
    rows: Matrix
    prediction: Prediction
    seconds: float = 0.0
    arm: str = PRODUCTION
    other: OtherAnswer | None = None

    @property
    def as_other(self) -> OtherAnswer:
        """This answer, as the other model's part of another one."""
        return OtherAnswer(self.served.model, self.prediction, self.seconds)


def predict(
    served: Served, rows: Matrix, options: ort.RunOptions | None = None
) -> Answer:
    """Predict rows with one of two models, and measure the time."""
    started = perf_counter()
    prediction = served.model.predict(rows, options)
    seconds = perf_counter() - started
    arm = CANARY if is_canary(served.model.version) else PRODUCTION
    return Answer(served, rows, prediction, seconds, arm)


@dataclass(frozen=True)
class Running:
    """The partner in use; immutable, so that it is replaced as a whole.

    Attributes:
        served: The partner's model.
        share: Share of the requests that it answers, from 0 to 1.
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
        """Whether it answers requests; Previous only predicts the same rows."""
        return is_canary(self.served.model.version)


class Partner:
    """Predicts with the partner of Production, if there is one.

    If it fails or takes longer than ``LONGEST_SECONDS``, Production answers.

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
        """Use another version from now on.

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
            return None  # promoted a moment ago
        return running if model.contract.classes == other.contract.classes else None

    def find_canary(self, production: Served) -> Running | None:
        """Return the canary that answers a share of the requests of a model."""
        running = self.find(production)
        return running if running and running.is_canary else None

    def describe_canary(self, production: Served) -> dict[str, Any] | None:
        """Describe the canary for responses; None if there is none."""
        canary = self.find_canary(production)
        if canary is None:
            return None
        return {"version": canary.version, "share": canary.share}

    def predict(self, production: Served, rows: Matrix, key: str) -> Answer:
        """Predict rows with the model that their request is assigned to.

        Args:
            production: The model in use.
            rows: Rows that its schema accepts, shape (n_rows, n_features).
            key: The same key is assigned to the same model.
        """
        running = self.find(production)
        if running is None:
            return predict(production, rows)
        is_chosen = is_for_canary(key, running.version, running.share)
        if running.is_canary and not is_chosen:
            return predict(production, rows)
        beside = self._try_to_predict(running, production.model.contract, rows)
        answer = predict(production, rows)
        if is_chosen and isinstance(beside, Answer):
            return beside._replace(other=answer.as_other)
        if is_chosen:
            answer = answer._replace(arm=CANARY)
        other = beside.as_other if isinstance(beside, Answer) else beside
        return answer._replace(other=other)

    def _try_to_predict(
        self, running: Running, source: Contract, rows: Matrix
    ) -> Answer | OtherAnswer | None:
        """Predict with the partner.

        Returns:
            Its answer; one without a prediction if it fails, and None if it cannot
            express the rows.
        """
        failed = None
        try:
            recoded, kept = running.recoder.recode(rows, source)
            if kept.all():
                with self.limit.watch() as options:
                    answer = predict(running.served, recoded, options)
                if not answer.prediction.is_valid(source.classes):
                    raise InvalidPredictionError
                return answer
        except ContractError:
            logger.debug("Production has other features; the follower will notice")
        except Exception as error:
            self._fail(running, error)
            failed = OtherAnswer(running.served.model, None)
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
