"""The service behind the routes: the model in use and those who observe its answers."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from flask import Flask, current_app, g
from numpy.typing import NDArray

from serving.config import Config
from serving.model.current import Current, Served
from serving.model.onnx_model import Model, Prediction
from serving.model.reloader import Watcher
from serving.model.store import CURRENT, SHADOW, Store
from serving.monitoring.metrics import ServiceMetrics, route
from serving.monitoring.observers import Background, Observation
from serving.monitoring.prediction_log import PredictionLog
from serving.monitoring.shadow import Shadow
from serving.schemas.rows import Matrix

EXTENSION = "serving"


@dataclass(frozen=True)
class Answer:
    """A prediction, which of its inputs training did not see, and its id in the log."""

    prediction: Prediction
    outside: NDArray[np.bool_]
    prediction_id: str


@dataclass
class Service:
    """What the views use; found with ``the_service``."""

    config: Config
    metrics: ServiceMetrics
    store: Store
    current: Current
    observers: list[Background] = field(default_factory=list)
    watchers: list[Watcher] = field(default_factory=list)

    def predict(self, served: Served, rows: Matrix) -> Answer:
        """Predict rows, count the answer and hand it to the observers."""
        g.version = served.model.version.version
        answer = self.answer(served, rows, g.request_id, route())
        served.meters.record(rows, answer.prediction, answer.outside)
        return answer

    def answer(
        self, served: Served, rows: Matrix, request_id: str, rule: str
    ) -> Answer:
        """Predict rows and hand the answer to the observers; count nothing."""
        prediction = served.model.predict(rows)
        outside = served.meters.find_out_of_range(rows)
        answer = Answer(prediction, outside, secrets.token_hex(16))
        if self.observers:
            self._tell_observers(served.model, rows, answer, request_id, rule)
        return answer

    def _tell_observers(
        self, model: Model, rows: Matrix, answer: Answer, request_id: str, rule: str
    ) -> None:
        seen = Observation(
            model,
            rows,
            answer.prediction,
            answer.prediction_id,
            request_id,
            rule,
            time.time(),
        )
        for observer in self.observers:
            observer.submit(seen)

    def add_observers(self) -> None:
        """Set up the prediction log and the shadow if the settings ask for them."""
        config = self.config
        if config.prediction_log:
            dropped = self.metrics.dropped.labels("prediction_log").inc
            log = PredictionLog(
                config.prediction_log,
                config.prediction_log_bytes,
                config.prediction_log_backups,
                dropped,
            )
            self._observe("prediction-log", log.write, dropped)
        if config.shadow_alias:
            shadow = Shadow(self.metrics)
            dropped = self.metrics.dropped.labels("shadow").inc
            self._observe("shadow", shadow.compare, dropped)
            self.watchers.append(
                Watcher(self.store, SHADOW, self.metrics, shadow.swap, shadow.withdraw)
            )

    def follow_store(self) -> None:
        """Keep the model in use the one that the store publishes."""
        current = Watcher(self.store, CURRENT, self.metrics, self.current.swap)
        self.watchers.append(current)

    def start(self) -> None:
        """Start the threads: in the process that serves, after its fork."""
        for watcher in self.watchers:
            watcher.start()
        for observer in self.observers:
            observer.start()

    def stop(self) -> None:
        """End the threads; observers get what waits for them."""
        for watcher in self.watchers:
            watcher.stop()
        for observer in self.observers:
            observer.stop()

    def _observe(
        self,
        name: str,
        consume: Callable[[list[Observation]], None],
        dropped: Callable[[int], None],
    ) -> None:
        rows = self.config.pending_rows
        self.observers.append(Background(name, consume, rows, dropped))


def the_service(app: Flask | None = None) -> Service:
    """Return the service of an application, of the current one by default."""
    service: Service = (app or current_app).extensions[EXTENSION]
    return service
