"""Creates the tables and upgrades them with Alembic."""

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import SQLAlchemyError

REVISION = "0001"  # of the newest migration
VERSION_TABLE = "predictions_schema"
# An arbitrary number; serializes concurrent upgrades of PostgreSQL.
ADVISORY_LOCK = 4_711_014


class LaterSchemaError(SQLAlchemyError):
    """The tables belong to a later release of the service."""


def upgrade(engine: Engine) -> None:
    """Create the tables, or upgrade them to the version that this release needs.

    Several processes may call this at the same time: one of them does it, the others
    wait.

    Raises:
        SQLAlchemyError: If the database cannot be reached or changed, or its tables
            belong to a later release.
    """
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            lock = text("SELECT pg_advisory_xact_lock(:number)")
            connection.execute(lock, {"number": ADVISORY_LOCK})
        revision = read_revision(connection)
        if revision is not None and revision > REVISION:  # numbers of four digits
            raise LaterSchemaError(
                f"the tables have version {revision} of a later release, but this one"
                f" needs version {REVISION}; use that release, or set IRIS_DATABASE_URL"
                " to another database"
            )
        if revision != REVISION:
            _migrate(connection)


def read_revision(connection: Connection) -> str | None:
    """Return the version of the tables; None if there are none."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    query = text(f"SELECT version_num FROM {VERSION_TABLE}")  # noqa: S608
    return connection.execute(query).scalar()


def _migrate(connection: Connection) -> None:
    # Imported only if there is something to change.
    from alembic.command import upgrade as run_migrations  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", "serving.database:migrations")
    config.attributes["connection"] = connection
    run_migrations(config, "head")
