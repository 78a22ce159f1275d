"""Connections to the database."""

import sqlite3
from contextlib import suppress
from typing import Any

import sqlalchemy
from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import make_url

BUSY_SECONDS = 5  # to wait for another process that writes to the SQLite file
CONNECT_SECONDS = 3
STATEMENT_SECONDS = 10


def connect(url: str) -> Engine:
    """Create an engine; it connects when it is first used.

    SQLite is set up for several processes: readers never wait for the writer, and a
    writer that dies loses nothing that it has committed.

    Args:
        url: A URL of SQLAlchemy, such as ``sqlite:///predictions.db``.
    """
    if make_url(url).get_backend_name() == "sqlite":
        engine = sqlalchemy.create_engine(url, connect_args={"timeout": BUSY_SECONDS})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_writing)
        return engine
    milliseconds = STATEMENT_SECONDS * 1000
    return sqlalchemy.create_engine(
        url,
        pool_pre_ping=True,
        connect_args={
            "connect_timeout": CONNECT_SECONDS,
            "options": f"-c statement_timeout={milliseconds}",
        },
    )


def _prepare_sqlite(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # transactions begin below, not by themselves
    # The mode is kept in the file. It cannot be set while another process sets it, and
    # then there is nothing left to do.
    with suppress(sqlite3.OperationalError):
        connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")


def _begin_writing(connection: Connection) -> None:
    """Take the write lock first: a transaction that reads before cannot wait for it."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")
