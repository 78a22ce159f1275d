"""Runs migrations in the transaction that ``records.database`` has begun."""

from alembic import context

from iris_kedro.watcher.records.database import VERSION_TABLE
from iris_kedro.watcher.records.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
)
context.run_migrations()
