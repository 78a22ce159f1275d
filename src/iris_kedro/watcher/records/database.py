"""The connection to the database, and the schema version of the watcher's tables.

The tables are stored in the database of predictions, but do not depend on the
service's tables. A missing SQLite file is created.
"""

import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, event, text

from iris_kedro import prediction_database
from iris_kedro.database_errors import explain_revision, read_revision

REVISION = "0001"  # of the newest migration
VERSION_TABLE = "watcher_schema"
# An arbitrary number; serializes processes that upgrade PostgreSQL at the same time.
ADVISORY_LOCK = 4_711_015
STATEMENT_SECONDS = 10
READS = "reads"  # the execution option that ``reading`` sets
CLOCKS = {  # seconds since the epoch
    "sqlite": "(julianday('now') - 2440587.5) * 86400.0",
    "postgresql": "extract(epoch from clock_timestamp())",
}


def connect(url: str, project: Path) -> Engine:
    """Create an engine for the watcher's tables.

    SQLite transactions begin with the write lock, except on the engine of ``reading``.

    Args:
        url: An SQLAlchemy URL.
        project: The folder that relative SQLite paths refer to.
    """
    milliseconds = STATEMENT_SECONDS * 1000
    engine = prediction_database.connect(
        prediction_database.locate(url, project), f"-c statement_timeout={milliseconds}"
    )
    if engine.dialect.name != "sqlite":
        return engine
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin)
    return engine


def reading(engine: Engine) -> Engine:
    """Return the same engine for read-only transactions.

    They do not block writers of a SQLite file: otherwise the service would reject
    feedback while they run.
    """
    return engine.execution_options(**{READS: True})


def upgrade(engine: Engine) -> None:
    """Create the watcher's tables, or upgrade them to this release.

    Several processes may call this at the same time: one upgrades, the others wait.

    Raises:
        SQLAlchemyError: If the database cannot be reached or changed.
        ProjectError: If the tables belong to a later release.
    """
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            lock = text("SELECT pg_advisory_xact_lock(:number)")
            connection.execute(lock, {"number": ADVISORY_LOCK})
        revision = read_revision(connection, VERSION_TABLE)
        if revision is not None and revision > REVISION:
            raise explain_revision(engine, "watcher", revision, REVISION)
        if revision != REVISION:
            _migrate(connection)


def has_tables(engine: Engine) -> bool:
    """Return whether the watcher's tables exist.

    Raises:
        SQLAlchemyError: If the database cannot be read.
        ProjectError: If the tables belong to another release.
    """
    with reading(engine).begin() as connection:
        revision = read_revision(connection, VERSION_TABLE)
    if revision not in (None, REVISION):
        raise explain_revision(engine, "watcher", revision, REVISION)
    return revision is not None


def read_clock(connection: Connection) -> float:
    """Return the database's time, which is the same for all watchers."""
    query = text(f"SELECT {CLOCKS[connection.dialect.name]}")
    return float(connection.execute(query).scalar_one())


def _migrate(connection: Connection) -> None:
    # Alembic is loaded only when there is something to change.
    from alembic.command import upgrade as run_migrations  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", "iris_kedro.watcher.records:migrations")
    config.attributes["connection"] = connection
    run_migrations(config, "head")


def _prepare_sqlite(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # transactions begin explicitly, below
    # The mode is stored in the file. Setting it fails while another process sets it, in
    # which case there is nothing left to do.
    with suppress(sqlite3.OperationalError):
        connection.execute("PRAGMA journal_mode = WAL")
    # Each commit is synced to disk, so that no accepted trigger is lost.
    connection.execute("PRAGMA synchronous = FULL")


def _begin(connection: Connection) -> None:
    """Take the write lock first: SQLite cannot wait for it after a read."""
    only_reads = connection.get_execution_options().get(READS, False)
    connection.exec_driver_sql("BEGIN" if only_reads else "BEGIN IMMEDIATE")
