"""Reads the predictions of the version in Production, with their labels."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

from kedro.io import AbstractDataset, DatasetError
from sqlalchemy import Engine, Select, and_, select

from iris_kedro.database_errors import explain_database_errors
from iris_kedro.datasets.models.released import read_released
from iris_kedro.errors import ProjectError
from iris_kedro.monitoring.served import Chunk, ServedPredictions
from iris_kedro.prediction_database import feedback, locate, open_database, predictions
from iris_kedro.registry import PRODUCTION

CHUNK_VALUES = 400_000  # features times rows, to bound memory
MOST_ROWS = 50_000
SECONDS_A_DAY = 86_400
ANSWERED = "production"  # the arm


class PredictionsDataset(AbstractDataset[NoReturn, ServedPredictions]):
    """Rows predicted by the version in Production, in chunks of constant size.

    Args:
        name: Name of the registered model.
        credentials: SQLAlchemy URL of the service's database as ``con``.
        days: Number of days before the last prediction to read.
        path: Folder of relative SQLite paths; Kedro makes it absolute.
        metadata: For plugins.
    """

    def __init__(
        self,
        name: str,
        credentials: dict[str, Any],
        days: float = 30,
        path: str = ".",
        metadata: dict[str, Any] | None = None,
    ) -> None:
        self._name = name
        # Not validated here, because other pipelines do not need a valid URL.
        self._credentials = credentials
        self._path = path
        self._days = days
        self.metadata = metadata

    def load(self) -> ServedPredictions:
        """Find the model in Production and its predictions, which are read lazily.

        Raises:
            DatasetError: If there is no Production version, no database, or no
                prediction of this model in it, or one of them cannot be read.
        """
        model = read_released(self._name, PRODUCTION)
        try:
            engine = open_database(locate(self._credentials["con"], self._path))
            newest, last = self._find_newest(engine)
        except ProjectError as error:  # Kedro would add its own message
            raise DatasetError(str(error)) from error
        since = last - self._days * SECONDS_A_DAY
        rows = min(MOST_ROWS, CHUNK_VALUES // len(model.contract.features) + 1)
        query = select_answers(self._name, model.version, since)
        return ServedPredictions(model, newest, Chunks(engine, query, rows))

    def save(self, data: NoReturn) -> None:
        """Refuse to write, because the service writes predictions."""
        raise DatasetError("predictions are written by the service")

    def _describe(self) -> dict[str, Any]:
        return {"name": self._name, "days": self._days}

    def _find_newest(self, engine: Engine) -> tuple[str, float]:
        """Return version and time of the newest prediction of this model."""
        table = predictions.c
        newest = (
            select(table.version, table.predicted_at)
            .where(table.model == self._name)
            .order_by(table.predicted_at.desc())
            .limit(1)
        )
        others = select(table.model).distinct().order_by(table.model)
        with explain_database_errors(engine), engine.connect() as connection:
            found = connection.execute(newest).first()
            if found is not None:
                return found.version, found.predicted_at
            names = connection.execute(others).scalars().all()
        database = engine.url.render_as_string()
        if names:
            raise DatasetError(
                f"the database {database} has predictions of {', '.join(names)}, but"
                f" none of {self._name}: monitor another model with kedro run"
                " --pipelines monitoring --env ENV, or serve this one"
            )
        raise DatasetError(
            f"the database {database} has no predictions yet: send requests to the"
            " service, which stores predictions within a second"
        )


@dataclass(frozen=True)
class Chunks:
    """The result of a query, in chunks."""

    engine: Engine
    query: Select[Any]
    rows: int

    def __iter__(self) -> Iterator[Chunk]:
        """Read the rows through a database cursor."""
        options = {"yield_per": self.rows}
        with explain_database_errors(self.engine), self.engine.connect() as connection:
            result = connection.execution_options(**options).execute(self.query)
            for rows in result.partitions():
                yield Chunk(*zip(*rows, strict=True))


def select_answers(model: str, version: str, since: float) -> Select[Any]:
    """Select the rows that a version predicted as Production, with their labels.

    Args:
        model: Name of the registered model.
        version: Its version.
        since: Time of the first row, in seconds since the epoch.
    """
    table = predictions.c
    is_same_row = and_(
        feedback.c.prediction_id == table.prediction_id,
        feedback.c.row_index == table.row_index,
    )
    return (
        select(
            table.predicted_at,
            table.features,
            table.prediction,
            table.probabilities,
            feedback.c.label,
        )
        .select_from(predictions.outerjoin(feedback, is_same_row))
        .where(
            table.model == model,
            table.version == version,
            table.arm == ANSWERED,
            table.predicted_at >= since,
        )
    )
