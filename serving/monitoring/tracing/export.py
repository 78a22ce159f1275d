"""Sends spans to a collector; harmless if the collector is down or slow."""

import logging
import threading
from collections.abc import Sequence

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from prometheus_client import Counter

from serving.monitoring.logs import redact

MOST_WAITING = 2048  # spans, including those being sent; about 5 MiB
RESULTS = EXPORTED, FAILED, DROPPED = "exported", "failed", "dropped"

logger = logging.getLogger(__name__)
library_logger = logging.getLogger("opentelemetry.exporter")


class FirstMessage(logging.Handler):
    """Keeps the first message about an export: the library reports each attempt."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the first message; drop the others."""
        self.text = self.text or record.getMessage()


class BoundedExporter(SpanExporter):
    """Limits the number of waiting spans, counts spans, and logs only changes."""

    def __init__(self, exporter: SpanExporter, spans: Counter) -> None:
        self._exporter = exporter
        self._counters = {result: spans.labels(result) for result in RESULTS}
        self._message = FirstMessage()
        self._lock = threading.Lock()
        self._waiting = 0
        self._is_failing = False
        library_logger.addHandler(self._message)
        library_logger.propagate = False

    def reserve(self) -> bool:
        """Reserve room for a span; count it as dropped if there is none."""
        with self._lock:
            has_room = self._waiting < MOST_WAITING
            self._waiting += has_room
        if not has_room:
            self._counters[DROPPED].inc()
        return has_room

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send spans; never raise."""
        self._message.text = ""
        error = self._send(spans)
        with self._lock:
            self._waiting -= len(spans)
        self._report(error)
        self._counters[FAILED if error else EXPORTED].inc(len(spans))
        return SpanExportResult.FAILURE if error else SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        """Close the connection after the current attempt."""
        self._exporter.shutdown()

    def give_up(self) -> None:
        """Count the spans that are still waiting as dropped."""
        library_logger.removeHandler(self._message)
        with self._lock:
            lost, self._waiting = self._waiting, 0
        if lost > 0:
            self._counters[DROPPED].inc(lost)
            logger.error("spans were not sent", extra={"fields": {"spans": lost}})

    def _send(self, spans: Sequence[ReadableSpan]) -> str:
        """Send spans; return the error, if any."""
        try:
            if self._exporter.export(spans) is SpanExportResult.SUCCESS:
                return ""
        except Exception as error:  # otherwise, the reserved room would be lost
            return f"{type(error).__name__}: {error}"
        return self._message.text or "the collector gave no reason"

    def _report(self, error: str) -> None:
        """Log once when spans cannot be sent, and once when they can be again."""
        if bool(error) == self._is_failing:
            return
        self._is_failing = bool(error)
        if error:
            fields = {"error": redact(error)}
            logger.error("traces cannot be sent", extra={"fields": fields})
        else:
            logger.warning("traces are sent again")
