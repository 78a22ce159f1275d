"""Reads labelled predictions of the service, to train on them."""

import json
from typing import Any, NoReturn

from kedro.io import AbstractDataset, DatasetError
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError

from iris_kedro.datasets.raw.locations import read_location
from iris_kedro.errors import ProjectError
from iris_kedro.prediction_database import locate, open_database, select_labelled

DATABASE = "database"
OFF = "set data_engineering.labelled_rows.enabled to false to train without them"


class LabelledRowsDataset(AbstractDataset[NoReturn, bytes]):
    """The predictions of a model that have a label, as JSON lines.

    A line contains the id of the prediction, the index of the row, the time of the
    prediction, the label and the features by name, as in the service's database, but
    not the time of the label: sending the same labels again gives the same bytes. The
    oldest prediction comes first. Without labelled predictions, the result is empty.

    Args:
        enabled: Whether to read them; if not, no database is needed.
        source: ``database``, or the location of a file of such lines.
        model: Name of the registered model.
        path: Folder of relative paths; Kedro makes it absolute.
        credentials: SQLAlchemy URL of the database as ``con``.
        metadata: For plugins.
    """

    def __init__(
        self,
        enabled: bool,
        source: str,
        model: str,
        path: str = ".",
        credentials: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        self._enabled = enabled
        self._source = source
        self._model = model
        self._path = path
        self._credentials = credentials or {}
        self.metadata = metadata

    def load(self) -> bytes:
        """Read the labelled predictions.

        Raises:
            DatasetError: If the database or the file cannot be read.
        """
        if not self._enabled:
            return b""
        try:
            if self._source == DATABASE:
                return self._query()
            return read_location(self._source, self._path)
        except (
            MlflowException,
            OSError,
            ProjectError,
            SQLAlchemyError,
            ValueError,
        ) as error:
            raise DatasetError(
                f"labelled rows cannot be read: {error}, or {OFF}"
            ) from error

    def save(self, data: NoReturn) -> None:
        """Refuse to write, because predictions and labels come from the service."""
        raise DatasetError("labelled rows cannot be written")

    def _query(self) -> bytes:
        engine = open_database(locate(self._credentials.get("con", ""), self._path))
        try:
            with engine.connect() as connection:
                found = connection.execute(select_labelled(self._model))
                return b"".join(_write(row._asdict()) for row in found)
        finally:
            engine.dispose()

    def _describe(self) -> dict[str, Any]:
        return {"enabled": self._enabled, "source": self._source, "model": self._model}


def _write(row: dict[str, Any]) -> bytes:
    return json.dumps({**row, "features": json.loads(row["features"])}).encode() + b"\n"
