from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import func, select

from iris_kedro.database_errors import read_revision
from iris_kedro.errors import ProjectError
from iris_kedro.watcher.records import database
from iris_kedro.watcher.records.database import connect, reading, upgrade
from iris_kedro.watcher.records.tables import metadata
from serving.database import engine as serving_engine
from serving.database import schema
from serving.database.tables import feedback


def test_migrations_create_the_tables_that_the_code_uses(engine):
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "version_table": database.VERSION_TABLE,
                "include_name": lambda name, kind, _: (
                    kind != "table" or name.startswith("watcher_")
                ),
            },
        )
        assert compare_metadata(context, metadata) == []
        revision = read_revision(connection, database.VERSION_TABLE)
        assert revision == database.REVISION


def test_several_watchers_can_upgrade_at_once(url, tmp_path):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: upgrade(connect(url, tmp_path)), range(8)))

    with connect(url, tmp_path).connect() as connection:
        revision = read_revision(connection, database.VERSION_TABLE)
        assert revision == database.REVISION


@pytest.mark.parametrize("is_first", [True, False])
def test_the_service_and_the_watcher_share_a_database(url, tmp_path, is_first):
    mine, theirs = connect(url, tmp_path), serving_engine.connect(url)
    steps = [lambda: upgrade(mine), lambda: schema.upgrade(theirs)]

    for step in steps if is_first else reversed(steps):
        step()

    with mine.connect() as connection:
        revision = read_revision(connection, database.VERSION_TABLE)
        assert revision == database.REVISION
        assert schema.read_revision(connection) == schema.REVISION


def test_tables_of_a_later_release_are_not_changed(url, tmp_path):
    engine = connect(url, tmp_path)
    upgrade(engine)
    with engine.begin() as connection:
        change = "UPDATE watcher_schema SET version_num = '0002'"
        connection.exec_driver_sql(change)

    for use in (upgrade, database.has_tables):
        with pytest.raises(ProjectError, match=r"watcher .* 0002 of a later release"):
            use(engine)

    with engine.connect() as connection:
        assert read_revision(connection, database.VERSION_TABLE) == "0002"


def test_relative_path_is_in_the_project(tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")

    upgrade(connect("sqlite:///predictions.db", tmp_path))

    assert (tmp_path / "predictions.db").exists()
    assert not Path("predictions.db").exists()


def test_clock_is_that_of_the_database_with_fractions(engine):
    with engine.begin() as connection:
        times = [database.read_clock(connection) for _ in range(50)]

    assert times == sorted(times)
    assert 1.7e9 < times[0] < 1e10
    assert any(each % 1 for each in times)


def test_reads_of_the_watcher_do_not_block_writers(url, tmp_path):
    mine, theirs = connect(url, tmp_path), serving_engine.connect(url)
    upgrade(mine)
    schema.upgrade(theirs)
    count = select(func.count()).select_from(feedback)
    label = {"prediction_id": "a", "row_index": 0, "label": "x", "received_at": 0.0}

    with reading(mine).begin() as connection:
        before = connection.execute(count).scalar()
        with theirs.begin() as other:
            other.execute(feedback.insert().values(label))
        meanwhile = connection.execute(count).scalar()
    with reading(mine).begin() as connection:
        after = connection.execute(count).scalar()

    assert (before, meanwhile, after) == (0, 0, 1)
