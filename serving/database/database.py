"""The database of predictions, with everything that uses it."""

from serving.config import Config
from serving.database.engine import connect
from serving.database.feedback.inbox import FeedbackInbox
from serving.database.metrics import DatabaseMetrics
from serving.database.predictions.writer import NAME, PredictionWriter
from serving.database.retention import PredictionRetention
from serving.monitoring.metrics import ServiceMetrics


class Database:
    """Connections to the database, and the threads that use them."""

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
        """Start all threads except the writer's, which starts with the observers."""
        self.feedback.start()
        self.retention.start()

    def stop(self) -> None:
        """Stop the threads that ``start`` started."""
        self.retention.stop()
        self.feedback.stop()
