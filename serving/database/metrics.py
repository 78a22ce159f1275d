"""The metrics of the database; they exist only if one is configured."""

from prometheus_client import CollectorRegistry, Gauge


class DatabaseMetrics:
    """Reports whether the database is reachable, and how many rows are waiting."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.up = Gauge(
            "serving_database_up",
            "1 if the database was reached at the last attempt",
            multiprocess_mode="livemin",
            registry=registry,
        )
        self.up.set(1)  # no outage before the first attempt
        self.buffered_rows = Gauge(
            "serving_database_buffered_rows",
            "Predicted rows waiting to be stored in the database",
            multiprocess_mode="livesum",
            registry=registry,
        )
