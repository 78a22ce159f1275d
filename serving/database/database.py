"""The database of predictions, as the service uses it."""

from serving.config import Config
from serving.database.engine import connect
from serving.database.inbox import FeedbackInbox
from serving.database.metrics import DatabaseMetrics
from serving.database.retention import PredictionRetention
from serving.database.writer import NAME, PredictionWriter
from serving.monitoring.metrics import ServiceMetrics


class Database:
    """Everything about the database of ``config``.

    Attributes:
        engine: The connections to it.
        writer: The observer that stores predictions.
        feedback: Takes feedback on them.
        retention: Deletes them when they are too old.
    """

    def __init__(self, config: Config, url: str, metrics: ServiceMetrics) -> None:
        on_error = metrics.errors.record
        self.engine = connect(url)
        self.writer = PredictionWriter(
            self.engine,
            config.database_omit or frozenset(),
            config.pending_bytes,
            DatabaseMetrics(metrics.registry),
            metrics.dropped.labels(NAME).inc,
            on_error,
        )
        self.feedback = FeedbackInbox(self.engine)
        self.retention = PredictionRetention(
            self.engine, config.database_days, on_error
        )

    def start(self) -> None:
        """Start the threads, but for the writer's, which is an observer's."""
        self.feedback.start()
        self.retention.start()

    def stop(self) -> None:
        """End the threads that ``start`` has started."""
        self.retention.stop()
        self.feedback.stop()
