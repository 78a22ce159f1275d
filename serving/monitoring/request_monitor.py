"""Counts and logs completed requests, in batches."""

import logging
from collections.abc import Callable
from typing import Any

import numpy as np

from serving.monitoring.logs import Line
from serving.monitoring.metrics import ServiceMetrics
from serving.monitoring.model_metrics.pairs import count_pairs
from serving.monitoring.model_metrics.predictions import observe_all
from serving.monitoring.observations import CompletedRequest, join

# Together they are shorter than the limit of atomic writes to a pipe, so that the lines
# of several workers never mix.
LINES_AT_ONCE = 7

Requests = list[CompletedRequest]

logger = logging.getLogger("serving.requests")


class RequestMonitor:
    """Counts requests and their predictions, then passes them to the log.

    The log has its own queue: writing blocks when nobody reads the log, and a scrape
    must not wait for that.

    Args:
        metrics: The metrics.
        log: Called with each request.
        report: Called each time, even without requests, to set other metrics.
        trace: Creates spans of requests and returns the requests with their ids; None
            if they are not traced.
    """

    def __init__(
        self,
        metrics: ServiceMetrics,
        log: Callable[[CompletedRequest], None],
        report: Callable[[], None] = lambda: None,
        trace: Callable[[Requests], Requests] | None = None,
    ) -> None:
        self._metrics = metrics
        self._log = log
        self._report = report
        self._trace = trace

    def consume(self, requests: Requests) -> None:
        """Count requests and their predictions; trace and log them."""
        self._report()
        observe_all(
            self._metrics.wait_seconds, np.array([each.waited for each in requests])
        )
        predicted = [each for each in requests if each.observation]
        for group in _group_by_model(predicted):
            _record(group)
        count_pairs(self._metrics, filter(None, (r.observation for r in predicted)))
        if self._trace:
            requests = self._trace(requests)
        if logger.isEnabledFor(logging.INFO):
            for request in requests:
                self._log(request)


def _group_by_model(requests: list[CompletedRequest]) -> list[list[CompletedRequest]]:
    """Group requests by model: there may be several because of a canary or a swap."""
    groups: dict[int, list[CompletedRequest]] = {}
    for request in requests:
        groups.setdefault(id(request.served), []).append(request)
    return list(groups.values())


def _record(requests: list[CompletedRequest]) -> None:
    """Count the predictions of one model."""
    served = requests[0].served
    observations = [each.observation for each in requests if each.observation]
    if served is None:
        return
    served.metrics.record(
        [len(each.rows) for each in observations],
        np.concatenate([each.rows for each in observations]),
        join(each.prediction for each in observations),
    )


def log_requests(requests: list[CompletedRequest]) -> None:
    """Write a line for each request, with the time of its response."""
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
    if request.observation:
        fields["version"] = request.observation.model.version.version
        fields["prediction_id"] = request.observation.prediction_id
    if request.trace:
        fields["trace_id"] = request.trace.trace_id
        if request.trace.span_id:
            fields["span_id"] = request.trace.span_id
    return request.time, fields
