"""The service behind the views: models, observers and their threads."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flask import Flask, current_app

from serving.canary.partner import Partner
from serving.config import Config
from serving.http.access import Access
from serving.loading.current import Current
from serving.loading.reloader import Reloader
from serving.model.store import CURRENT, PARTNER, SHADOW, Store
from serving.monitoring.figures import FiguresReader
from serving.monitoring.metrics import ServiceMetrics
from serving.monitoring.multiprocess.retention import VersionRetention
from serving.monitoring.observations import CompletedRequest, Observation
from serving.monitoring.observers import ObserverQueue
from serving.monitoring.request_monitor import RequestMonitor, log_requests
from serving.monitoring.shadow import Shadow
from serving.predictor import Predictor

if TYPE_CHECKING:
    from serving.database.database import Database
    from serving.database.feedback.inbox import FeedbackInbox
    from serving.monitoring.tracing.tracing import Tracing

EXTENSION = "serving"


@dataclass
class Service:
    """Everything that the views use; get it with ``the_service``."""

    config: Config
    metrics: ServiceMetrics
    store: Store
    current: Current
    access: Access
    requests: ObserverQueue = field(init=False)
    request_log: ObserverQueue = field(init=False)
    observers: list[ObserverQueue] = field(default_factory=list)
    reloaders: list[Reloader] = field(default_factory=list)
    partner: Partner = field(init=False)
    predictor: Predictor = field(init=False)
    figures: FiguresReader = field(init=False)
    database: "Database | None" = None
    shadow: Shadow | None = None
    tracing: "Tracing | None" = None
    retention: VersionRetention = field(init=False)

    def __post_init__(self) -> None:
        """Create the parts of every service."""
        self.request_log = self._create_queue("request_log", log_requests)
        if self.config.traces_url:
            # Imported on demand, to save OpenTelemetry's memory without traces.
            from serving.monitoring.tracing.tracing import Tracing  # noqa: PLC0415

            self.tracing = Tracing(self.config, self.metrics)
        monitor = RequestMonitor(
            self.metrics,
            self.request_log.submit,
            self._report,
            self.tracing.trace if self.tracing else None,
        )
        self.requests = self._create_queue("requests", monitor.consume)
        self.partner = Partner(self.metrics, self.config)
        self.figures = FiguresReader(self.metrics.counted, self.metrics.folder)
        self.predictor = Predictor(self.partner, self.access)
        self.retention = VersionRetention(
            self.metrics.registry,
            self.find_serving_versions,
            self.metrics.folder,
            self.metrics.errors.record,
        )

    def complete(self, request: CompletedRequest) -> None:
        """Pass an answered request to the observers."""
        self.requests.submit(request)
        if request.observation:
            for observer in self.observers:
                observer.submit(request)

    def add_observers(self) -> None:
        """Set up the database and the shadow if they are configured."""
        config = self.config
        if config.database_url:
            # Imported on demand, to save SQLAlchemy's memory without a database.
            from serving.database.database import Database  # noqa: PLC0415

            self.database = Database(config, config.database_url, self.metrics)
            self.observers.append(self.database.writer)
        if config.shadow_alias:
            self.shadow = shadow = Shadow(self.metrics)
            self._observe("shadow", shadow.compare)
            self.reloaders.append(
                Reloader(
                    self.store,
                    SHADOW,
                    self.metrics,
                    shadow.swap,
                    withdraw=shadow.withdraw,
                )
            )

    def follow_store(self) -> None:
        """Reload models when the store publishes new ones."""
        self.reloaders.append(
            Reloader(
                self.store,
                CURRENT,
                self.metrics,
                self.current.swap,
                self.current.refresh,
                note_failure=self.current.note_failure,
            )
        )
        self.reloaders.append(
            Reloader(
                self.store,
                PARTNER,
                self.metrics,
                self.partner.swap,
                self.partner.limit.enforce,
                withdraw=self.partner.withdraw,
            )
        )

    def find_serving_versions(self) -> set[str]:
        """Return the versions in use: the current one, its partner and the shadow."""
        served, partner = self.current.served, self.partner.running
        models = (
            served and served.model,
            partner and partner.served.model,
            self.shadow and self.shadow.model,
        )
        return {model.version.version for model in models if model}

    def start(self) -> None:
        """Start the threads, in the worker after its fork."""
        if self.tracing:
            self.tracing.start()
        for reloader in self.reloaders:
            reloader.start()
        for queue in self._queues:
            queue.start()
        self.retention.start()
        if self.database:
            self.database.start()

    def stop(self) -> None:
        """Stop the threads; the observers finish their queues."""
        self.retention.stop()
        for reloader in self.reloaders:
            reloader.stop()
        for queue in self._queues:
            queue.stop()
        if self.tracing:
            self.tracing.stop()
        if self.database:
            self.database.stop()

    @property
    def feedback(self) -> "FeedbackInbox | None":
        """Accepts feedback; None without a database."""
        return self.database.feedback if self.database else None

    def _report(self) -> None:
        """Set the metrics that change without a request."""
        self.metrics.processes.report()
        capacity = self.access.capacity
        self.metrics.in_flight.set(capacity.in_flight)
        self.metrics.buffered_bytes.set(capacity.buffered_bytes)
        if self.database:
            self.database.writer.report()

    @property
    def _queues(self) -> list[ObserverQueue]:
        """All queues, each before the queues to which it passes requests."""
        return [self.requests, self.request_log, *self.observers]

    def _observe(self, name: str, consume: Callable[[list[Observation]], None]) -> None:
        """Add an observer of predictions."""

        def consume_requests(requests: list[CompletedRequest]) -> None:
            consume([each.observation for each in requests if each.observation])

        self.observers.append(self._create_queue(name, consume_requests))

    def _create_queue(
        self, name: str, consume: Callable[[list[CompletedRequest]], None]
    ) -> ObserverQueue:
        return ObserverQueue(
            name,
            consume,
            self.config.pending_bytes,
            self.metrics.dropped.labels(name).inc,
            self.metrics.errors.record,
        )


def the_service(app: Flask | None = None) -> Service:
    """Return the service of an application, of the current one by default."""
    service: Service = (app or current_app).extensions[EXTENSION]
    return service
