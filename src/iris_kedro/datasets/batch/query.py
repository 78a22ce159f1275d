"""Stages the result of an SQL query in files until its rows are scored."""

import hashlib
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import sqlalchemy
from pyarrow import parquet
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from iris_kedro.errors import ProjectError

logger = logging.getLogger(__name__)

FETCHED = 16_384  # rows in Python's memory at a time
UNFINISHED = ".unfinished-"


def stage(query: str, address: str, folder: Path, part_rows: int) -> Path:
    """Write the rows of a query to Parquet files, unless they already exist.

    The folder appears only when it is complete, so that a killed process cannot leave a
    partial result.

    Returns:
        The folder of the files.

    Raises:
        ProjectError: If the query fails.
    """
    text = f"{address}\n{part_rows}\n{query}"
    result = folder / hashlib.sha256(text.encode()).hexdigest()[:16]
    if result.exists():
        since = datetime.fromtimestamp(result.stat().st_mtime, UTC)
        logger.info(
            "Using the rows that the query returned at %s, because their"
            " scoring has not finished; delete %s to query again",
            f"{since:%Y-%m-%d %H:%M} UTC",
            result,
        )
        return result
    folder.mkdir(parents=True, exist_ok=True)
    for leftover in folder.glob(f"{UNFINISHED}{result.name}-*"):
        shutil.rmtree(leftover)
    unfinished = _make_unfinished(result)
    try:
        _write(_fetch(query, address), unfinished, part_rows)
        os.rename(unfinished, result)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return result


def discard(staged: str | None) -> None:
    """Delete the staged rows of a query, so that the next run queries again.

    Args:
        staged: ``Rows.staged``; None does nothing.
    """
    if staged is None:
        return
    # From now on, it is not a complete result, even if the process is killed.
    unfinished = _make_unfinished(Path(staged))
    os.rename(staged, unfinished)
    shutil.rmtree(unfinished)


def locate_database(address: str | None, folder: str) -> str:
    """Return the URL of a database; relative SQLite paths start from a folder.

    Raises:
        ProjectError: If there is no URL, or it is invalid.
    """
    if not address:
        raise ProjectError(
            "an SQL query needs the URL of its database: set the environment variable"
            " SOURCE_URL, for example to postgresql://user:password@host/database"
        )
    try:
        url = make_url(address)
        url.get_dialect().import_dbapi()
    except (ArgumentError, ImportError, ValueError) as error:
        # Without the port, which may contain a part of a password.
        is_port = isinstance(error, ValueError)
        reason = "its port is not a number" if is_port else error
        raise ProjectError(
            f"SOURCE_URL is not the URL of a database ({reason}): set it, for example,"
            " to postgresql+psycopg://user:password@host/database"
        ) from error
    if url.get_backend_name() != "sqlite" or not url.database:
        return address
    path = Path(folder, url.database)
    if not path.exists():  # SQLite would create it
        raise ProjectError(f"the database {str(path)!r} of SOURCE_URL does not exist")
    return url.set(database=str(path)).render_as_string(hide_password=False)


def _make_unfinished(result: Path) -> Path:
    prefix = f"{UNFINISHED}{result.name}-"
    return Path(tempfile.mkdtemp(prefix=prefix, dir=result.parent))


def _fetch(query: str, address: str) -> Iterator[pa.Table]:
    engine = sqlalchemy.create_engine(address)
    try:
        with engine.connect() as connection:
            # A server-side cursor, if the driver has one.
            options = {"yield_per": FETCHED}
            result = connection.exec_driver_sql(query, execution_options=options)
            names = list(result.keys())
            for rows in result.partitions(FETCHED):
                yield _make_table(names, list(zip(*rows, strict=True)))
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", error)).strip().splitlines()[0]
        raise ProjectError(
            f"the database {engine.url.render_as_string()} rejected the query"
            f" {query!r}: {reason}. (A comma ends a value of --params: put a query with"
            " commas in conf/local/globals.yml)"
        ) from error
    finally:
        engine.dispose()


def _make_table(names: Sequence[str], values: Sequence[Sequence[Any]]) -> pa.Table:
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ProjectError(f"the query has two columns {twice!r}: rename one with AS")
    columns = [
        _make_column(name, column) for name, column in zip(names, values, strict=True)
    ]
    return pa.table(columns, names=list(names))


def _make_column(name: str, values: Sequence[Any]) -> pa.Array:
    try:
        return pa.array(values)
    except pa.ArrowInvalid:
        kinds = {type(value).__name__ for value in values if value is not None}
        if len(kinds) > 1:
            raise ProjectError(
                f"the column {name!r} of the query has values of several types"
                f" ({', '.join(sorted(kinds))}): CAST it to one in the query"
            ) from None
        # Such as UUIDs.
        return pa.array([None if value is None else str(value) for value in values])


def _write(tables: Iterator[pa.Table], folder: Path, part_rows: int) -> None:
    waiting: list[pa.Table] = []
    number = rows = 0
    for table in tables:
        waiting.append(table)
        rows += table.num_rows
        if rows >= part_rows:
            _write_file(waiting, folder, number)
            waiting, number, rows = [], number + 1, 0
    if waiting:
        _write_file(waiting, folder, number)
    elif not number:
        raise ProjectError("there are no rows to score: the query returned none")


def _write_file(tables: Sequence[pa.Table], folder: Path, number: int) -> None:
    try:
        table = pa.concat_tables(tables, promote_options="permissive")
    except pa.ArrowException as error:
        raise ProjectError(
            f"a column of the query has values of several types: {error}. CAST it to"
            " one in the query"
        ) from error
    parquet.write_table(
        table, folder / f"part-{number:06}.parquet", row_group_size=max(len(table), 1)
    )
