"""Copies finished scores to a table of a database."""

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
FORMATS = {"jsonl": "json"}  # as pyarrow calls them


def publish(folder: str, format: str, address: str, table: str) -> None:
    """Replace the rows of a table by scores, in one transaction.

    Args:
        folder: The absolute path or the address of the scores.
        format: How they are written.
        address: SQLAlchemy's address of the database.
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
            f" {_explain(error)}. If the table has other columns, drop it, or give"
            " batch_inference.table another name"
        ) from error
    finally:
        engine.dispose()


def _explain(error: Exception) -> str:
    """Return the reason alone: errors also quote the rows."""
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
