import json

import pyarrow.dataset
import pytest
from kedro.io import DatasetError
from sqlalchemy import select

from iris_kedro.datasets import ScoresDataset
from iris_kedro.datasets.batch.running.parts import ScorePart
from iris_kedro.datasets.predictions import select_answers
from serving.database import schema
from serving.database.engine import connect
from serving.database.tables import predictions
from tests.iris_kedro.datasets.batch.parquet_rows import PART_ROWS, ROWS, write_rows


@pytest.fixture
def engine(url):
    engine = connect(url)
    schema.upgrade(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def scores(tmp_path, url):
    write_rows(tmp_path / "rows/a.parquet", petal_width=99.0)
    return ScoresDataset("scores", {"predictions": url}, path=str(tmp_path))


def read(engine):
    with engine.connect() as connection:
        return connection.execute(select(predictions)).mappings().all()


def test_predictions_are_stored_with_the_ids_of_the_scores(
    engine, scores, make_job, tmp_path
):
    scores.save(make_job(record=True))

    stored = {(each["prediction_id"], each["row_index"]): each for each in read(engine)}
    table = pyarrow.dataset.dataset(tmp_path / "scores").to_table().to_pylist()
    assert len(stored) == len(table) == ROWS - 1
    for row in table:
        found = stored[row["prediction_id"], row["prediction_row"]]
        assert found["prediction"] == row["prediction"]
        assert json.loads(found["features"])["petal_width"] == row["petal_width"]
        probabilities = json.loads(found["probabilities"])
        expected = pytest.approx(row["probability_setosa"], rel=1e-6)
        assert probabilities["setosa"] == expected


def test_monitoring_reads_them_as_answers_of_the_version(engine, scores, make_job):
    scores.save(make_job(record=True))

    with engine.connect() as connection:
        found = connection.execute(select_answers("iris", "3", since=0)).all()

    assert len(found) == ROWS - 1


def test_a_part_that_is_scored_again_is_stored_once(
    engine, scores, make_job, monkeypatch, tmp_path
):
    score = ScorePart.__call__

    def stop(self, part):
        counts = score(self, part)
        if part.number == 3:
            raise KeyboardInterrupt
        return counts

    with monkeypatch.context() as stopped, pytest.raises(KeyboardInterrupt):
        stopped.setattr(ScorePart, "__call__", stop)
        scores.save(make_job(record=True))
    (tmp_path / "scores/_parts/part-00003.json").unlink()

    scores.save(make_job(record=True))

    assert len(read(engine)) == ROWS - 1


def test_omitted_features_are_not_stored(engine, url, make_job, tmp_path):
    write_rows(tmp_path / "rows/a.parquet")
    settings = {"omitted": "petal_width, sepal_width", "path": str(tmp_path)}
    scores = ScoresDataset("scores", {"predictions": url}, **settings)

    scores.save(make_job(record=True))

    names = set(json.loads(read(engine)[0]["features"]))
    assert names == {"petal_length", "sepal_length"}


def test_nothing_is_stored_by_default(engine, scores, make_job, tmp_path):
    scores.save(make_job())

    assert read(engine) == []
    table = pyarrow.dataset.dataset(tmp_path / "scores").to_table()
    assert "prediction_id" not in table.schema.names


def test_a_database_without_tables_is_an_error_before_anything_is_scored(
    scores, make_job, tmp_path
):
    with pytest.raises(DatasetError, match="no database of predictions"):
        scores.save(make_job(record=True))

    assert not (tmp_path / "scores").exists()


def test_many_rows_are_stored_in_several_transactions(
    engine, scores, make_job, monkeypatch
):
    monkeypatch.setattr(
        "iris_kedro.datasets.batch.writing.recording.ROWS", PART_ROWS // 3
    )

    scores.save(make_job(record=True))

    assert len(read(engine)) == ROWS - 1
