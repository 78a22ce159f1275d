"""The model in use: one reference, swapped as a whole."""

import contextlib
import logging
from typing import TYPE_CHECKING, Any

from serving.config import Config, variable_name
from serving.loading.served import Served, build_served
from serving.model.onnx_model import Model, ModelNotReadyError
from serving.model.status import explain_missing_model, is_fallback
from serving.model.store import Store
from serving.monitoring.metrics import ServiceMetrics

if TYPE_CHECKING:
    from serving.model.store.files import Stamp

logger = logging.getLogger(__name__)


class Current:
    """The model in use, and what the follower last reported.

    A thread keeps both up to date, so requests never wait for the disk.

    Attributes:
        served: The model in use; None if none is loaded.
        report: The follower's last report; None if there is none.
        history: The versions and events of the registry; None if there are none.
    """

    def __init__(self, config: Config, metrics: ServiceMetrics, store: Store) -> None:
        self.served: Served | None = None
        self._config = config
        self._metrics = metrics
        self._store = store
        self.report = store.read_report()
        self.history: dict[str, Any] | None = None
        self._history_stamp: Stamp = None
        self._failure: str | None = None

    def get(self) -> Served:
        """Return the model in use; a request calls this once and keeps the result.

        Raises:
            ModelNotReadyError: If none is loaded; the message says why.
        """
        served = self.served
        if served is None:
            reason = explain_missing_model(self.report, self._config, self._failure)
            raise ModelNotReadyError(reason)
        return served

    def swap(self, model: Model) -> None:
        """Switch to another model; requests in flight finish with their own.

        Raises:
            ModelRefusedError: If it cannot be served; the one in use stays.
        """
        self.served = build_served(model, self._metrics, self._config)
        omitted = self._config.database_omit or frozenset()
        unknown = omitted - set(model.contract.feature_names)
        if unknown:
            variable = variable_name("database_omit")
            fields = {"variable": variable, "features": sorted(unknown)}
            logger.warning("model lacks omitted features", extra={"fields": fields})

    def refresh(self) -> None:
        """Read the follower's report, and the history if it has changed.

        A history that cannot be read at the moment is read again next time.
        """
        self.report = self._store.read_report()
        stamp = self._store.stamp_history()
        if stamp != self._history_stamp:
            with contextlib.suppress(OSError):
                self.history = self._store.read_history()
                self._history_stamp = stamp

    def note_failure(self, reason: str | None) -> None:
        """Record why the published model cannot be used."""
        self._failure = reason

    @property
    def is_fallback(self) -> bool:
        """Whether a fallback is in use because Production's model cannot be."""
        served = self.served
        return served is not None and is_fallback(served.model.version, self._config)
