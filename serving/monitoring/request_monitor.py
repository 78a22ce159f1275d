"""Counts and logs completed requests, many at a time."""

import logging
from itertools import groupby
from typing import Any

import numpy as np

from serving.http.capacity import Capacity
from serving.model.onnx_model import Prediction
from serving.monitoring.logs import Line
from serving.monitoring.metrics import ServiceMetrics
from serving.monitoring.observers import CompletedRequest
from serving.monitoring.prediction_metrics import observe_all

# Together they are shorter than what a pipe takes as one piece: the lines of several
# workers never mix.
LINES_AT_ONCE = 8

logger = logging.getLogger("serving.requests")


class RequestMonitor:
    """The consumer of the queue that every request goes through."""

    def __init__(self, metrics: ServiceMetrics, capacity: Capacity) -> None:
        self._metrics = metrics
        self._capacity = capacity

    def consume(self, requests: list[CompletedRequest]) -> None:
        """Count requests and what they predicted, and write their log lines."""
        self._metrics.in_flight.set(self._capacity.in_flight)
        self._metrics.buffered_bytes.set(self._capacity.buffered_bytes)
        observe_all(
            self._metrics.wait_seconds, np.array([each.waited for each in requests])
        )
        predicted = [each for each in requests if each.observation]
        for _, group in groupby(predicted, lambda each: each.served):
            _record(list(group))  # a swap may lie between two of them
        if logger.isEnabledFor(logging.INFO):
            log_requests(requests)


def _record(requests: list[CompletedRequest]) -> None:
    """Count the predictions of one model."""
    served = requests[0].served
    observations = [each.observation for each in requests if each.observation]
    if served is None:
        return
    served.metrics.record(
        [len(each.rows) for each in observations],
        np.concatenate([each.rows for each in observations]),
        Prediction(
            np.concatenate([each.prediction.labels for each in observations]),
            np.concatenate([each.prediction.probabilities for each in observations]),
        ),
    )


def log_requests(requests: list[CompletedRequest]) -> None:
    """Write a line for each request, with the time at which it was answered."""
    for start in range(0, len(requests), LINES_AT_ONCE):
        lines = list(map(_describe, requests[start : start + LINES_AT_ONCE]))
        logger.info("request", extra={"lines": lines})


def _describe(request: CompletedRequest) -> Line:
    fields: dict[str, Any] = {
        "request_id": request.request_id,
        "method": request.method,
        "route": request.route,
        "status": request.status,
        "milliseconds": round(request.seconds * 1000, 3),
    }
    if request.served and request.observation:
        fields["version"] = request.served.model.version.version
    return request.time, fields
