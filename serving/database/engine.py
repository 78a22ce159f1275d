"""Connections to the database."""

import os
import sqlite3
from contextlib import suppress
from typing import Any

import sqlalchemy
from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, DisconnectionError, SQLAlchemyError

BUSY_SECONDS = 5  # timeout while another process writes to the SQLite file
CONNECT_SECONDS = 3
STATEMENT_SECONDS = 10


def connect(url: str) -> Engine:
    """Create an engine, which connects on first use.

    Its errors do not contain the parameters of statements.

    SQLite is configured for several processes: readers never wait for the writer, and
    no committed data is lost if the writer is killed.
    """
    if make_url(url).get_backend_name() == "sqlite":
        engine = sqlalchemy.create_engine(
            url, connect_args={"timeout": BUSY_SECONDS}, hide_parameters=True
        )
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "checkout", _require_same_file)
        event.listen(engine, "begin", _begin_writing)
        return engine
    milliseconds = STATEMENT_SECONDS * 1000
    return sqlalchemy.create_engine(
        url,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args={
            "connect_timeout": CONNECT_SECONDS,
            "options": f"-c statement_timeout={milliseconds}",
            # If the network drops packets, the kernel would otherwise wait for hours.
            "keepalives_idle": STATEMENT_SECONDS,
            "keepalives_interval": 2,
            "keepalives_count": 3,
            "tcp_user_timeout": milliseconds,
        },
    )


def describe_error(error: SQLAlchemyError) -> str:
    """Describe an error without values that clients sent.

    They are in the statement and in the details that PostgreSQL adds to its message.
    """
    cause = error.orig if isinstance(error, DBAPIError) else error
    message = getattr(getattr(cause, "diag", None), "message_primary", None) or cause
    return f"{type(cause).__name__}: {message}".strip()


def _prepare_sqlite(connection: Any, record: Any) -> None:
    connection.isolation_level = None  # transactions begin explicitly, below
    # The mode is stored in the file. Setting it fails while another process sets it;
    # then there is nothing to do.
    with suppress(sqlite3.OperationalError):
        connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    record.info["path"] = connection.execute("PRAGMA database_list").fetchone()[2]
    record.info["file"] = _identify_file(record.info["path"])


def _require_same_file(_: Any, record: Any, __: Any) -> None:
    """Reconnect if the file was deleted or replaced."""
    if record.info["file"] != _identify_file(record.info["path"]):
        raise DisconnectionError("the file of the database was replaced")


def _identify_file(path: str) -> tuple[int, int] | None:
    """Return device and inode of a file; None if there is no file."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _begin_writing(connection: Connection) -> None:
    """Acquire the write lock first: SQLite cannot wait for it after a read."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")
