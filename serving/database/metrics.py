"""The metrics of the database, which exist only if there is one."""

from prometheus_client import CollectorRegistry, Gauge


class DatabaseMetrics:
    """Reports whether the database is reachable, and how many rows are waiting."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.up = Gauge(
            "serving_database_up",
            "Whether the worker reached the database when it last tried",
            multiprocess_mode="livemin",
            registry=registry,
        )
        self.up.set(1)  # a worker that has not tried yet is not an outage
        self.buffered_rows = Gauge(
            "serving_database_buffered_rows",
            "Predicted rows that are not in the database yet",
            multiprocess_mode="livesum",
            registry=registry,
        )
