from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from serving.database import schema
from serving.database.engine import connect
from serving.database.tables import metadata


@pytest.fixture
def engine(sqlite_url):
    return connect(sqlite_url)


def test_migrations_create_the_tables_that_the_code_uses(engine):
    schema.upgrade(engine)

    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": schema.VERSION_TABLE}
        )
        assert compare_metadata(context, metadata) == []
        assert schema.read_revision(connection) == schema.REVISION


def test_the_newest_migration_is_the_one_that_the_code_expects():
    scripts = ScriptDirectory("serving/database/migrations")

    assert scripts.get_current_head() == schema.REVISION


def test_several_processes_may_upgrade_at_once(sqlite_url):

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: schema.upgrade(connect(sqlite_url)), range(8)))

    with connect(sqlite_url).connect() as connection:
        assert schema.read_revision(connection) == schema.REVISION
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


def test_a_migration_that_fails_leaves_nothing_behind(engine):
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE feedback (other INTEGER)")

    with pytest.raises(sqlalchemy.exc.OperationalError, match="feedback"):
        schema.upgrade(engine)

    assert sqlalchemy.inspect(engine).get_table_names() == ["feedback"]


def test_tables_of_a_later_release_are_not_changed(engine):
    schema.upgrade(engine)
    with engine.begin() as connection:
        change = "UPDATE predictions_schema SET version_num = '0002'"
        connection.exec_driver_sql(change)

    with pytest.raises(schema.LaterSchemaError, match="0002 of a later release"):
        schema.upgrade(engine)

    with engine.connect() as connection:
        assert schema.read_revision(connection) == "0002"
