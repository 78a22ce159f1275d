"""Runs migrations in the transaction that ``serving.database.schema`` began."""

from alembic import context

from serving.database.schema import VERSION_TABLE
from serving.database.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
)
context.run_migrations()
