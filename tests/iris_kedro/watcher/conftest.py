"""Fixtures of the watcher's tests: databases, and what it has in them."""

import pytest

from iris_kedro.watcher.records.database import connect, upgrade
from iris_kedro.watcher.records.lease import Lease
from iris_kedro.watcher.records.store import Store


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path / 'predictions.db'}"


@pytest.fixture
def engine(url, tmp_path):
    engine = connect(url, tmp_path)
    upgrade(engine)
    return engine


@pytest.fixture
def store(engine):
    return Store(engine, "iris")


@pytest.fixture
def lease(engine):
    lease = Lease(engine, "iris", 60)
    lease.take()
    return lease
