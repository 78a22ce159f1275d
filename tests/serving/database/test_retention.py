import time

import pytest
import sqlalchemy
from sqlalchemy import insert, select

from serving.database import retention, schema
from serving.database.retention import DAY, PredictionRetention
from serving.database.tables import feedback, predictions
from tests.fixtures.processes import wait_until


def fail(*_: object) -> None:
    raise AssertionError("nothing fails")


@pytest.fixture
def engine(url, open_engine):
    engine = open_engine(url)
    schema.upgrade(engine)
    return engine


def store(engine, name: str, days: float, rows: int = 1, model: str = "iris") -> None:
    """Store predictions of some days ago, each with feedback."""
    keys = [{"prediction_id": name, "row_index": index} for index in range(rows)]
    texts = ("version", "arm", "request_id", "route", "features", "prediction")
    rest = dict.fromkeys([*texts, "probabilities"], "") | {"model": model}
    rest["predicted_at"] = time.time() - days * DAY
    with engine.begin() as connection:
        connection.execute(insert(predictions), [key | rest for key in keys])
        label = {"label": "setosa", "received_at": time.time()}
        connection.execute(insert(feedback), [key | label for key in keys])


def count(engine) -> list[dict[str, int]]:
    """Return the number of predictions and of feedback by prediction id."""
    with engine.connect() as connection:
        return [
            dict(
                connection.execute(
                    select(table.c.prediction_id, sqlalchemy.func.count()).group_by(
                        table.c.prediction_id
                    )
                ).all()
            )
            for table in (predictions, feedback)
        ]


def test_old_predictions_are_deleted_with_their_feedback(engine):
    store(engine, "old", days=91)
    store(engine, "young", days=89)
    store(engine, "old wine", days=200, model="wine")
    store(engine, "young wine", days=1, model="wine")

    PredictionRetention(engine, 90, fail).check()

    assert count(engine) == [{"young": 1, "young wine": 1}] * 2


def test_many_rows_are_deleted_in_steps(engine):
    store(engine, "old", days=91, rows=2 * retention.ROWS_AT_ONCE + 1)
    store(engine, "young", days=1, rows=3)

    PredictionRetention(engine, 90, fail).check()

    assert count(engine) == [{"young": 3}] * 2


def test_no_step_reads_all_rows(sqlite_url, open_engine):
    engine = open_engine(sqlite_url)
    schema.upgrade(engine)
    store(engine, "old", days=91, rows=2)
    statements = {}

    def note(_connection, _cursor, statement, parameters, *_) -> None:
        if statement.startswith(("SELECT", "DELETE")):
            first = isinstance(parameters, list)
            statements[statement] = parameters[0] if first else parameters

    sqlalchemy.event.listen(engine, "before_cursor_execute", note)
    PredictionRetention(engine, 90, fail).check()
    sqlalchemy.event.remove(engine, "before_cursor_execute", note)

    with engine.connect() as connection:
        plans = {
            statement: connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", of)
            for statement, of in statements.items()
        }
        details = {step.detail for plan in plans.values() for step in plan}
    assert len(plans) == 4
    assert all(detail.startswith("SEARCH") for detail in details), details


def test_several_processes_may_delete_at_once(engine, url, open_engine, monkeypatch):
    monkeypatch.setattr(retention, "CHECK_SECONDS", 0.01)
    store(engine, "old", days=91, rows=2000)
    tasks = [PredictionRetention(open_engine(url), 90, fail) for _ in range(4)]

    for task in tasks:
        task.start()
    wait_until(lambda: not count(engine)[0], "old rows are deleted", 60)
    for task in tasks:
        task.stop()

    assert count(engine) == [{}, {}]


def test_it_stops_between_steps(engine):
    store(engine, "old", days=91, rows=2 * retention.ROWS_AT_ONCE)
    task = PredictionRetention(engine, 90, fail)
    task.stop()

    task.check()

    assert count(engine)[0] == {"old": retention.ROWS_AT_ONCE}


def test_an_unavailable_database_is_not_an_error(tmp_path, open_engine):
    engine = open_engine(f"sqlite:///{tmp_path}/nowhere/predictions.db")

    PredictionRetention(engine, 90, fail).check()
