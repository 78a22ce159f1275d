import time

import pytest
from sqlalchemy import insert, select

from iris_kedro.notebook.traffic import spread_over_hours
from serving.database import schema
from serving.database.engine import connect
from serving.database.tables import predictions


@pytest.fixture
def database(tmp_path):
    url = f"sqlite:///{tmp_path}/predictions.db"
    engine = connect(url)
    schema.upgrade(engine)
    others = dict.fromkeys(
        ("model", "version", "arm", "request_id", "route", "features"), "-"
    ) | {"prediction": "a", "probabilities": "{}", "predicted_at": time.time()}
    rows = [("old", 0), ("new", 0), ("new", 1)]
    with engine.begin() as connection:
        for prediction_id, row in rows:
            key = {"prediction_id": prediction_id, "row_index": row}
            connection.execute(insert(predictions).values(**key, **others))
    yield url
    engine.dispose()


def test_requests_are_an_hour_apart_and_their_rows_stay_together(database):
    spread_over_hours(database, ["old", "new"])

    columns = (predictions.c.prediction_id, predictions.c.predicted_at)
    with connect(database).connect() as connection:
        found = connection.execute(select(*columns)).fetchall()
    times = {name: at for name, at in found}
    assert len({at for name, at in found if name == "new"}) == 1
    assert times["new"] - times["old"] == pytest.approx(3600)
    assert time.time() - times["new"] == pytest.approx(3600, abs=60)
