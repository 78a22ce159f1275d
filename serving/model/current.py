"""The model in use: one reference, swapped whole, so that no request sees a mix."""

from dataclasses import dataclass
from functools import cached_property

from serving.config import Config
from serving.model.onnx_model import Model, ModelNotReadyError
from serving.model.status import explain_missing_model, is_fallback
from serving.model.store import Store
from serving.monitoring.metrics import ServiceMetrics
from serving.monitoring.prediction_metrics import PredictionMetrics
from serving.openapi.document import render_openapi
from serving.schemas.requests import Schemas


@dataclass(frozen=True)
class Served:
    """A model with all that was made from its contract."""

    model: Model
    schemas: Schemas
    meters: PredictionMetrics
    protected: bool

    @cached_property
    def openapi(self) -> bytes:
        """The API's description for this model, rendered when first asked for."""
        return render_openapi(self.model, self.schemas, protected=self.protected)


class Current:
    """Holds the model in use."""

    def __init__(self, config: Config, metrics: ServiceMetrics, store: Store) -> None:
        self.served: Served | None = None
        self._config = config
        self._metrics = metrics
        self._store = store
        self._failure: str | None = None

    def get(self) -> Served:
        """Return the model in use; a request asks once and keeps the answer.

        Raises:
            ModelNotReadyError: If none is loaded; says why.
        """
        served = self.served
        if served is None:
            report = self._store.read_report()
            reason = explain_missing_model(report, self._config, self._failure)
            raise ModelNotReadyError(reason)
        return served

    def note_failure(self, reason: str | None) -> None:
        """Note why the published model cannot be used, for as long as none is."""
        self._failure = reason

    @property
    def is_fallback(self) -> bool:
        """Whether a model is in use because Production's cannot be."""
        served = self.served
        return served is not None and is_fallback(served.model.version, self._config)

    def swap(self, model: Model) -> None:
        """Take another model; requests in flight end with the one they have."""
        self.served = Served(
            model,
            Schemas(model.contract, self._config.max_rows),
            PredictionMetrics(self._metrics, model),
            protected=self._config.api_keys_file is not None,
        )
