"""Stores scored rows in the service's database of predictions."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite

from iris_kedro.database_errors import explain_database_errors
from iris_kedro.prediction_database import open_database, predictions
from iris_kedro.scoring.records import ROUTE, describe_rows, name_prediction
from iris_kedro.scoring.scorer import Scored

ROWS = 5_000  # in a transaction, during which SQLite blocks the service
INSERTS: dict[str, Any] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}
NAMES = ("features", "prediction", "probabilities")


@dataclass(frozen=True)
class Recorder:
    """Stores the predictions of a run; can be sent to other processes.

    Attributes:
        url: SQLAlchemy URL of the database.
        run: Identifies rows and model.
        model: Name of the registered model.
        version: Its version.
        classes: Its classes, in the order of the probabilities.
        omitted: Features that are not stored.
    """

    url: str = field(repr=False)  # may contain a password
    run: str
    model: str
    version: str
    classes: Sequence[str]
    omitted: frozenset[str]

    def check(self) -> None:
        """Check that the database can be used."""
        open_database(self.url).dispose()

    def store(self, part: int, first: int, scored: Scored) -> None:
        """Store rows; existing ones are not changed.

        Args:
            part: Number of the part.
            first: Number of valid rows in the part before these.
            scored: The rows.

        Raises:
            ProjectError: If they cannot be stored.
        """
        prediction_id = name_prediction(self.run, part)
        common = {
            "prediction_id": prediction_id,
            "predicted_at": time.time(),
            "model": self.model,
            "version": self.version,
            "arm": "production",
            "request_id": prediction_id,
            "route": ROUTE,
        }
        values = {
            name: column
            for name, column in scored.values.items()
            if name not in self.omitted
        }
        records = describe_rows(values, scored.predictions, self.classes)
        rows = [
            {**common, "row_index": index, **dict(zip(NAMES, each, strict=True))}
            for index, each in enumerate(zip(*records, strict=True), first)
        ]
        engine = open_database(self.url)
        insert = INSERTS[engine.dialect.name](predictions).on_conflict_do_nothing()
        with explain_database_errors(engine):
            for start in range(0, len(rows), ROWS):
                with engine.begin() as connection:
                    connection.execute(insert, rows[start : start + ROWS])
        engine.dispose()
