"""The database of predictions, as the service uses it."""

from serving.config import Config
from serving.database.engine import connect
from serving.database.metrics import DatabaseMetrics
from serving.database.retention import PredictionRetention
from serving.database.writer import NAME, PredictionWriter
from serving.monitoring.metrics import ServiceMetrics


class Database:
    """Everything about the database of ``config``.

    Attributes:
        engine: The connections to it.
        writer: The observer that stores predictions.
        retention: Deletes them when they are too old.
    """

    def __init__(self, config: Config, url: str, metrics: ServiceMetrics) -> None:
        on_error = metrics.errors.record
        self.engine = connect(url)
        self.writer = PredictionWriter(
            self.engine,
            config.database_omit or frozenset(),
            config.pending_rows,
            DatabaseMetrics(metrics.registry),
            metrics.dropped.labels(NAME).inc,
            on_error,
        )
        self.retention = PredictionRetention(
            self.engine, config.database_days, on_error
        )
