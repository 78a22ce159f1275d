import json

import pytest
from kedro.io import DatasetError

from iris_kedro.datasets import LabelledRowsDataset
from serving.database.engine import connect
from serving.database.tables import feedback

ROWS = [({"size": 5.1, "wet": None}, "a"), ({"size": 7, "wet": True}, "b")]


@pytest.fixture
def make(tmp_path):
    def make(con="sqlite:///predictions.db", **changes):
        given = {"enabled": True, "source": "database", "model": "iris", **changes}
        return LabelledRowsDataset(
            **given, path=str(tmp_path), credentials={"con": con}
        )

    return make


def read(dataset):
    return [json.loads(line) for line in dataset.load().splitlines()]


def test_labelled_predictions_of_the_model_come_oldest_first(
    make, url, insert_labelled
):
    insert_labelled(url, "iris", [*ROWS, ({"size": 1}, None)], start=2e9)
    insert_labelled(url, "iris", ROWS[:1], start=1e9)
    insert_labelled(url, "wine", ROWS)

    rows = read(make())

    assert [row["features"] for row in rows] == [ROWS[0][0], ROWS[0][0], ROWS[1][0]]
    assert rows[0] == {
        "prediction_id": "iris-1000000000",
        "row_index": 0,
        "predicted_at": 1e9,
        "label": "a",
        "features": {"size": 5.1, "wet": None},
    }


def test_label_that_is_sent_again_changes_nothing(make, url, insert_labelled):
    insert_labelled(url, "iris", ROWS)
    before = make().load()
    with connect(url).begin() as connection:
        connection.execute(feedback.update().values(received_at=9e9))

    assert make().load() == before


def test_without_labels_there_are_no_bytes(make, url, insert_labelled):
    insert_labelled(url, "iris", [])

    assert make().load() == b""


def test_no_database_is_needed_if_labelled_rows_are_disabled(make):
    assert make(enabled=False).load() == b""


def test_file_of_an_earlier_run_is_read_instead(make, tmp_path):
    (tmp_path / "kept.jsonl").write_bytes(b'{"label": "a"}\n')

    assert make(None, source="kept.jsonl").load() == b'{"label": "a"}\n'


@pytest.mark.parametrize(
    ("con", "source", "message"),
    [
        ("sqlite:///predictions.db", "database", "no database of predictions at"),
        ("", "database", "IRIS_DATABASE_URL is empty"),
        ("predictions.db", "database", "parse"),
        (None, "none.jsonl", "No such file"),
    ],
)
def test_unreadable_labelled_rows_are_an_error_with_advice(make, con, source, message):
    with pytest.raises(DatasetError, match=message) as caught:
        make(con, source=source).load()

    assert "data_engineering.labelled_rows.enabled to false" in str(caught.value)


def test_labelled_rows_cannot_be_written(make):
    with pytest.raises(DatasetError, match="cannot be written"):
        make().save(b"")
