"""Fixtures of the watcher's tests: databases, and what it has in them."""

import pytest

from iris_kedro.watcher.loop import Loop
from iris_kedro.watcher.records.database import connect, upgrade
from iris_kedro.watcher.records.lease import Lease
from iris_kedro.watcher.records.store import Store
from serving.database import schema
from serving.database.engine import connect as connect_service
from serving.database.tables import feedback, predictions
from tests.iris_kedro.watcher.lab import Lab


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


@pytest.fixture
def lab(tmp_path, url, store):
    lab = Lab(tmp_path, url).prepare()
    lab.plan("released")
    return lab


@pytest.fixture
def once(lab):
    """Return a function that runs ``kedro watch --once``."""

    def once(**parameters):
        return Loop(lab.build(**parameters), 0.05).run_once()

    return once


@pytest.fixture
def label(url):
    """Return a function that stores labelled predictions, as the service does."""
    engine = connect_service(url)
    schema.upgrade(engine)

    def label(number, at, model="iris"):
        rows = [
            {"prediction_id": f"{model} {at}", "row_index": index, "model": model}
            for index in range(number)
        ]
        shared = dict.fromkeys(
            ("version", "arm", "request_id", "route", "prediction"), "1"
        ) | {"features": "{}", "probabilities": "{}", "predicted_at": at}
        with engine.begin() as connection:
            connection.execute(predictions.insert(), [row | shared for row in rows])
            for row in rows:
                del row["model"]
                row |= {"label": "x", "received_at": at}
            connection.execute(feedback.insert(), rows)

    return label


@pytest.fixture
def logged(caplog):
    """Return what the watcher logs."""
    caplog.set_level("INFO", "iris_kedro.watcher")
    return caplog
