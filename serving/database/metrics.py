"""The metrics of the database, which exist only where one is used."""

from prometheus_client import CollectorRegistry, Gauge


class DatabaseMetrics:
    """Says whether predictions are stored, and how many are not yet."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.up = Gauge(
            "serving_database_up",
            "Whether the worker reached the database when it last tried",
            multiprocess_mode="livemin",
            registry=registry,
        )
        self.up.set(1)  # a worker that has not tried yet is no outage
        self.buffered_rows = Gauge(
            "serving_database_buffered_rows",
            "Predicted rows that are not in the database yet",
            multiprocess_mode="livesum",
            registry=registry,
        )
