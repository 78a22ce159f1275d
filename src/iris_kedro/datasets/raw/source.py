"""The source of the data: a file, a URL, a query, or a bundled dataset."""

import json
import re
from collections.abc import Callable
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

import pandas as pd
from kedro.io import AbstractDataset, DatasetError
from kedro_datasets.pandas import SQLQueryDataset
from mlflow.exceptions import MlflowException
from sklearn import datasets as sklearn_datasets

from iris_kedro.datasets.raw.locations import MLFLOW_SCHEMES, find_file, read_location
from iris_kedro.errors import ProjectError

SKLEARN = "sklearn:"
QUERY = r"\s*(select|with)\s"
# File information in fsspec that changes with the content.
STAMPS = {"mtime", "LastModified", "Last-Modified", "ETag", "Content-MD5", "Digest"}


def is_query(location: str) -> bool:
    """Return whether a location is an SQL query."""
    return re.match(QUERY, location, re.IGNORECASE) is not None


def _read_parquet(file: BytesIO) -> pd.DataFrame:
    return pd.read_parquet(file)


def _read_lines(file: BytesIO) -> pd.DataFrame:
    return pd.DataFrame(pd.read_json(file, lines=True, dtype=False))


READERS: dict[str, Callable[[BytesIO], pd.DataFrame]] = {
    ".parquet": _read_parquet,
    ".jsonl": _read_lines,
    ".ndjson": _read_lines,
}


class SourceDataset(AbstractDataset[NoReturn, bytes]):
    """A table at a path, a URL, in scikit-learn or a database, as the bytes of a CSV.

    A CSV is used unchanged. Parquet (``.parquet``), JSON lines (``.jsonl``,
    ``.ndjson``), the result of an SQL query (``SELECT …``) and data of scikit-learn
    (``sklearn:wine``) are converted to CSV. Files in object stores (``s3://…``) and
    MLflow's artifacts (``runs:/…``, ``mlflow-artifacts:/…``) are supported as well.

    Args:
        location: Where the data is.
        target: Name for the target's column of data in scikit-learn.
        path: Folder of relative locations; Kedro makes it absolute.
        load_args: How the CSV is read later; other sources accept only na_values.
        credentials: SQLAlchemy URL of the database as ``con``, for a query.
        metadata: For plugins.
    """

    def __init__(
        self,
        location: str,
        target: str,
        path: str = ".",
        load_args: dict[str, Any] | None = None,
        credentials: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        self._location = location
        self._target = target
        self._path = path
        self._load_args = load_args or {}
        self._credentials = credentials or {}
        self.metadata = metadata

    def load(self) -> bytes:
        """Read the source.

        Raises:
            DatasetError: If there is nothing to read, or it is empty.
        """
        kind = Path(urlsplit(self._location).path).suffix.lower()
        convert = self._find_conversion(kind)
        if convert is None:
            return self._read_file()
        if self._load_args.keys() - {"na_values"}:
            raise DatasetError(
                f"dataset.load_args are for CSV; {self._location!r} accepts only"
                " na_values"
            )
        return write_csv(convert())

    def stamp(self) -> str | None:
        """Return a value that changes with the source, without reading all of it.

        None if there is no such value, as for a query or MLflow's artifacts.

        Raises:
            DatasetError: If there is nothing to read.
        """
        is_elsewhere = self._location.startswith(SKLEARN) or is_query(self._location)
        if is_elsewhere or urlsplit(self._location).scheme in MLFLOW_SCHEMES:
            return None
        try:
            system, path = find_file(self._location, self._path)
            information = system.info(path)
        except (OSError, ProjectError, ValueError) as error:
            raise DatasetError(
                f"cannot find the source {self._location!r}: {error}"
            ) from error
        changing = {key: str(information[key]) for key in STAMPS & information.keys()}
        if not changing:
            return None
        changing["size"] = str(information.get("size"))
        return json.dumps(changing, sort_keys=True)

    def _find_conversion(self, kind: str) -> Callable[[], pd.DataFrame] | None:
        if self._location.startswith(SKLEARN):
            name = self._location.removeprefix(SKLEARN)
            return partial(_read_sklearn, name, self._target)
        if is_query(self._location):
            return self._query
        if kind not in READERS:
            return None
        return partial(self._parse, READERS[kind])

    def _parse(self, read: Callable[[BytesIO], pd.DataFrame]) -> pd.DataFrame:
        content = BytesIO(self._read_file())
        try:
            return read(content)
        except ValueError as error:  # includes pyarrow's errors
            message = f"the source {self._location!r} cannot be read: {error}"
            raise DatasetError(message) from error

    def _query(self) -> pd.DataFrame:
        if not self._credentials.get("con"):
            raise DatasetError(
                "an SQL query needs the URL of its database: set the environment"
                " variable SOURCE_URL, for example to postgresql://user:password@host/database"
            )
        dataset = SQLQueryDataset(self._location, credentials=self._credentials)
        data: pd.DataFrame = dataset.load()
        return data

    def _read_file(self) -> bytes:
        try:
            content = read_location(self._location, self._path)
        except (MlflowException, OSError, ProjectError, ValueError) as error:
            raise DatasetError(
                f"cannot read the source {self._location!r}: {error}."
                " Set data_engineering.source to a path, a URL or sklearn:wine"
            ) from error
        if not content.strip():
            raise DatasetError(f"the source {self._location!r} is empty")
        return content

    def save(self, data: NoReturn) -> None:
        """Refuse to write, because a source is only read."""
        raise DatasetError("a source cannot be written")

    def _describe(self) -> dict[str, Any]:
        return {"location": self._location}


def _read_sklearn(name: str, target_name: str) -> pd.DataFrame:
    loader = getattr(sklearn_datasets, f"load_{name}", None)
    if loader is None:
        raise DatasetError(
            f"scikit-learn bundles no dataset {name!r};"
            " it has wine and breast_cancer, for example"
        )
    bunch = loader(as_frame=True)
    data = bunch.data.copy()
    data[target_name] = bunch.target_names[bunch.target]
    return pd.DataFrame(data)


def write_csv(data: pd.DataFrame) -> bytes:
    """Write a table as CSV; whole numbers stay whole beside missing values."""
    text: str = data.convert_dtypes().to_csv(index=False)
    return text.encode()
