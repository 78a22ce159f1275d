"""Creates a span for each sampled request after the response."""

import logging
import re
import threading

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import (
    SERVICE_NAME,
    SERVICE_VERSION,
    OTELResourceDetector,
    Resource,
)
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import (
    ALWAYS_OFF,
    ALWAYS_ON,
    DEFAULT_OFF,
    DEFAULT_ON,
    Decision,
    ParentBasedTraceIdRatio,
    Sampler,
    TraceIdRatioBased,
)
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    StatusCode,
    format_span_id,
    format_trace_id,
    get_current_span,
    set_span_in_context,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from prometheus_client import Counter

from serving import NAME, __version__
from serving.config import Config
from serving.monitoring.metrics import LATENCIES, ServiceMetrics
from serving.monitoring.observations import CompletedRequest
from serving.monitoring.tracing.context import RequestHead, TraceIds
from serving.monitoring.tracing.exemplars import Exemplars
from serving.monitoring.tracing.export import MOST_WAITING, RESULTS, BoundedExporter
from serving.monitoring.tracing.spans import describe, is_failure, name_span

STOP_SECONDS = 5.0  # for the last spans; part of gunicorn's 30 s for stopping a worker
NO_PARENT = Context()
UNSAMPLED_PARENT = set_span_in_context(
    NonRecordingSpan(SpanContext(1, 1, is_remote=True)), NO_PARENT
)
# A fast path: most callers sample few requests, and OpenTelemetry's parser is slow.
match_unsampled = re.compile(
    r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f][02468ace]"
).fullmatch
NANOSECONDS = 1_000_000_000


class ChosenTraceIds(RandomIdGenerator):
    """Uses the id for which a trace was sampled.

    Attributes:
        trace_id: Id of the next trace.
    """

    trace_id = 0

    def generate_trace_id(self) -> int:
        """Return the id."""
        return self.trace_id


class Tracing:
    """Creates spans; OpenTelemetry's thread sends them in batches.

    Only one thread at a time may call ``trace``. It samples before it creates a span:
    OpenTelemetry's own order takes twice as long for unsampled requests.
    """

    def __init__(self, config: Config, metrics: ServiceMetrics) -> None:
        self._endpoint = config.traces_url
        self._sampler = create_sampler(config)
        self._ids, self._random = ChosenTraceIds(), RandomIdGenerator()
        self._propagator = TraceContextTextMapPropagator()
        self._spans = Counter(
            "serving_spans",
            "Spans of sampled requests by result: exported, failed or dropped",
            ["result"],
            registry=metrics.registry,
        )
        for result in RESULTS:
            self._spans.labels(result)
        self.exemplars = metrics.exemplars = Exemplars(metrics.folder, LATENCIES)

    def start(self) -> None:
        """Start sending; after the fork, because threads do not survive one."""
        # It logs a warning for each malformed header: clients could fill the log.
        logging.getLogger("opentelemetry.trace").setLevel(logging.ERROR)
        exporter = OTLPSpanExporter(endpoint=self._endpoint)
        self._exporter = BoundedExporter(exporter, self._spans)
        self._provider = TracerProvider(
            sampler=self._sampler,
            resource=describe_service(),
            shutdown_on_exit=False,
            id_generator=self._ids,
        )
        processor = BatchSpanProcessor(self._exporter, max_queue_size=MOST_WAITING)
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer(__name__, __version__)

    def stop(self) -> None:
        """Send waiting spans, within a time limit, which OpenTelemetry lacks."""
        stopping = threading.Thread(target=self._provider.shutdown, daemon=True)
        stopping.start()
        stopping.join(STOP_SECONDS)
        self._exporter.give_up()

    def trace(self, requests: list[CompletedRequest]) -> list[CompletedRequest]:
        """Create spans of completed requests; return the requests with their ids."""
        traced = [
            self._trace(request, request.head) if request.head else request
            for request in requests
        ]
        self.exemplars.share()
        return traced

    def _trace(self, request: CompletedRequest, head: RequestHead) -> CompletedRequest:
        unsampled = match_unsampled(head.traceparent)
        if unsampled and not self._is_sampled(UNSAMPLED_PARENT, int(unsampled[1], 16)):
            return request._replace(trace=TraceIds(unsampled[1]))
        context, parent = NO_PARENT, 0
        if head.traceparent:
            carrier = {"traceparent": head.traceparent, "tracestate": head.tracestate}
            context = self._propagator.extract(carrier)
            parent = get_current_span(context).get_span_context().trace_id
        trace_id = parent or self._random.generate_trace_id()
        if not (self._is_sampled(context, trace_id) and self._exporter.reserve()):
            if not parent:
                return request
            return request._replace(trace=TraceIds(format_trace_id(parent)))
        self._ids.trace_id = trace_id
        ids = TraceIds(format_trace_id(trace_id), self._send(request, head, context))
        self.exemplars.record(request, ids)
        return request._replace(trace=ids)

    def _is_sampled(self, context: Context, trace_id: int) -> bool:
        decision = self._sampler.should_sample(context, trace_id, "").decision
        return decision is Decision.RECORD_AND_SAMPLE

    def _send(
        self, request: CompletedRequest, head: RequestHead, context: Context
    ) -> str:
        """Create the span of a sampled request; return its id."""
        end = int(request.time * NANOSECONDS)
        span = self._tracer.start_span(
            name_span(request),
            context,
            SpanKind.SERVER,
            describe(request, head),
            start_time=end - int(request.seconds * NANOSECONDS),
        )
        if is_failure(request):
            span.set_status(StatusCode.ERROR)
        span.end(end)
        return format_span_id(span.get_span_context().span_id)


def create_sampler(config: Config) -> Sampler:
    """Create the configured sampler."""
    ratio = config.traces_ratio
    samplers = {
        "always_on": ALWAYS_ON,
        "always_off": ALWAYS_OFF,
        "traceidratio": TraceIdRatioBased(ratio),
        "parentbased_always_on": DEFAULT_ON,
        "parentbased_always_off": DEFAULT_OFF,
        "parentbased_traceidratio": ParentBasedTraceIdRatio(ratio),
    }
    return samplers[config.traces_sampler]


def describe_service() -> Resource:
    """Describe this process; OpenTelemetry's variables override our names."""
    names = {SERVICE_NAME: NAME, SERVICE_VERSION: __version__}
    return Resource.create(names | dict(OTELResourceDetector().detect().attributes))
