"""Exemplars: they link a latency bucket to the trace of a request in it."""

import os
import time
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import orjson
from prometheus_client import Metric
from prometheus_client.registry import Collector
from prometheus_client.samples import Exemplar, Sample
from prometheus_client.utils import INF, floatToGoString

from serving.monitoring.multiprocess.files import EXEMPLARS
from serving.monitoring.observations import CompletedRequest
from serving.monitoring.tracing.context import TraceIds

LATENCY = "flask_http_request_duration_seconds"
LABELS = ("method", "route", "status", "le")
SHARE_SECONDS = 1.0

Key = tuple[str, ...]  # values of LABELS; the last is the upper bound of a bucket


class SampledRequest(NamedTuple):
    """A request with a span; ordered by time.

    Attributes:
        time: When the response was ready, in seconds since the epoch.
        seconds: Its latency.
        trace_id: Id of its trace.
        span_id: Id of its span.
    """

    time: float
    seconds: float
    trace_id: str
    span_id: str


class Exemplars:
    """The last sampled request in each latency bucket.

    prometheus_client's shared files contain no exemplars, so each worker writes its own
    to another file.

    Args:
        folder: The folder through which workers share metrics; None for one process.
        buckets: Upper bounds of the latencies, in seconds.
    """

    def __init__(self, folder: Path | None, buckets: Sequence[float]) -> None:
        self._folder = folder
        self._buckets = buckets
        self._bounds = [floatToGoString(bound) for bound in (*buckets, INF)]
        self._own: dict[Key, SampledRequest] = {}
        self._is_changed = False
        self._shared_at = float("-inf")

    def record(self, request: CompletedRequest, ids: TraceIds) -> None:
        """Record a sampled request as the exemplar of its bucket."""
        bound = self._bounds[bisect_left(self._buckets, request.seconds)]
        key = (request.method, request.route, str(request.status), bound)
        self._own[key] = SampledRequest(request.time, request.seconds, *ids)
        self._is_changed = True

    def share(self) -> None:
        """Write the exemplars for the other workers, at most once a second."""
        now = time.monotonic()
        is_due = self._is_changed and now - self._shared_at >= SHARE_SECONDS
        if self._folder is None or not is_due:
            return
        self._is_changed, self._shared_at = False, now
        file = self._folder / EXEMPLARS.format(process=os.getpid())
        draft = file.with_suffix(".draft")
        with suppress(OSError):  # without space, scrapes of this worker still show them
            rows = [(key, tuple(sampled)) for key, sampled in self._own.items()]
            draft.write_bytes(orjson.dumps(rows))
            draft.replace(file)

    def read(self) -> dict[Key, SampledRequest]:
        """Return the newest exemplars of all workers."""
        newest = dict(self._own)
        for key, sampled in self._read_files():
            newest[key] = max(sampled, newest.get(key, sampled))
        return newest

    def _read_files(self) -> Iterator[tuple[Key, SampledRequest]]:
        files = self._folder.glob(EXEMPLARS.format(process="*")) if self._folder else ()
        for file in files:
            # Its worker has just exited, or had no space.
            with suppress(OSError, ValueError, TypeError):
                for key, sampled in orjson.loads(file.read_bytes()):
                    yield tuple(key), SampledRequest(*sampled)


class ExemplarCollector(Collector):
    """Adds the exemplars to the latencies of another collector.

    They are only part of the OpenMetrics format, which Prometheus requests.
    """

    def __init__(self, collector: Collector, exemplars: Exemplars) -> None:
        self._collector = collector
        self._exemplars = exemplars

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics."""
        found = self._exemplars.read()
        for metric in self._collector.collect():
            if metric.name == LATENCY:
                metric.samples = [_add(sample, found) for sample in metric.samples]
            yield metric


def _add(sample: Sample, found: dict[Key, SampledRequest]) -> Sample:
    """Add the exemplar to a sample if it is a bucket with one."""
    key = tuple(sample.labels.get(label, "") for label in LABELS)
    if key not in found:
        return sample
    at, seconds, trace_id, span_id = found[key]
    labels = {"trace_id": trace_id, "span_id": span_id}
    return sample._replace(exemplar=Exemplar(labels, seconds, at))
