"""Copies finished scores to a database table."""

from collections.abc import Iterator

import pyarrow as pa
import sqlalchemy
from pandas.errors import DatabaseError
from pyarrow import dataset
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from iris_kedro.datasets.batch.reading.locations import open_location
from iris_kedro.errors import ProjectError

ROWS = 50_000  # in memory
FORMATS = {"jsonl": "json"}  # pyarrow's names


def publish(folder: str, format: str, address: str, table: str) -> None:
    """Replace the rows of a table with scores, in one transaction.

    Args:
        folder: The absolute path or the URL of the scores.
        format: Their format.
        address: SQLAlchemy URL of the database.
        table: Name of the table, which is created if it does not exist.

    Raises:
        ProjectError: If it cannot be written.
    """
    engine = sqlalchemy.create_engine(address)
    try:
        with engine.begin() as connection:
            _empty(connection, table)
            for batch in _read(folder, format):
                batch.to_pandas().to_sql(
                    table, connection, if_exists="append", index=False
                )
    except (SQLAlchemyError, DatabaseError) as error:
        database = engine.url.render_as_string()
        raise ProjectError(
            f"the scores cannot be written to the table {table} of {database}:"
            f" {_explain(error)}. If the table has other columns, drop it or set"
            " batch_inference.table to another name"
        ) from error
    finally:
        engine.dispose()


def _explain(error: Exception) -> str:
    """Return only the reason, because errors also quote rows."""
    cause = error.__cause__ if isinstance(error, DatabaseError) else error
    reason = getattr(cause, "orig", None) or type(cause).__name__
    return str(reason).strip().splitlines()[0].rstrip(".")


def _empty(connection: Connection, table: str) -> None:
    if inspect(connection).has_table(table):
        quoted = connection.dialect.identifier_preparer.quote(table)
        connection.execute(text(f"DELETE FROM {quoted}"))  # noqa: S608  (quoted)


def _read(folder: str, format: str) -> Iterator[pa.RecordBatch]:
    system, path = open_location(folder)
    found = dataset.dataset(path, filesystem=system, format=FORMATS.get(format, format))
    yield from found.to_batches(batch_size=ROWS)
