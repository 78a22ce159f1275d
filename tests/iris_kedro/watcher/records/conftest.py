"""The watcher's tables, empty, in each kind of database."""

import pytest

from iris_kedro.watcher.records.database import connect, upgrade
from iris_kedro.watcher.records.tables import metadata


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request, url, tmp_path):
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_url")
    engine = connect(url, tmp_path)
    upgrade(engine)
    with engine.begin() as connection:
        for table in metadata.tables.values():
            connection.execute(table.delete())
    return engine
