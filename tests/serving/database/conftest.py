"""Real databases: a SQLite file, and PostgreSQL if the system has it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy
from sqlalchemy import Engine

from serving.database.engine import connect
from serving.database.tables import predictions


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of an empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'predictions.db'}"
    return request.getfixturevalue("postgres").create_database()


@pytest.fixture
def open_engine() -> Iterator[Callable[[str], Engine]]:
    """Connect, and close the connections in the end."""
    engines: list[Engine] = []

    def open_engine(url: str) -> Engine:
        engines.append(connect(url))
        return engines[-1]

    yield open_engine
    for engine in engines:
        engine.dispose()


@pytest.fixture
def read(open_engine: Callable[[str], Engine]) -> Callable[[str], list[dict]]:
    """Read all predictions in order; none before there are tables."""

    def read(url: str) -> list[dict]:
        order = predictions.c.prediction_id, predictions.c.row_index
        with open_engine(url).connect() as connection:
            if not sqlalchemy.inspect(connection).has_table(predictions.name):
                return []
            rows = connection.execute(sqlalchemy.select(predictions).order_by(*order))
            return [dict(row) for row in rows.mappings()]

    return read
