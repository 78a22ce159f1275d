import numpy as np
import pytest
from kedro.io import DatasetError

from iris_kedro.datasets import PredictionsDataset
from iris_kedro.model.contract import Contract
from iris_kedro.registry import Registry
from serving.database import schema
from serving.database.engine import connect
from tests.iris_kedro.monitoring import traffic


@pytest.fixture
def load(tmp_path):
    def load(name="iris", con="sqlite:///predictions.db", **settings):
        path = str(tmp_path)
        return PredictionsDataset(name, {"con": con}, path=path, **settings).load()

    return load


@pytest.fixture
def write(url, challenger, test_data):
    def write(rows=10, **settings):
        traffic.write(
            url,
            challenger,
            Contract.read(challenger),
            test_data.head(rows),
            **{"hours": 10, **settings},
        )

    return write


def join(chunks):
    return [np.concatenate(each) for each in zip(*chunks, strict=True)]


def test_rows_of_production_come_with_their_labels(first_release, write, load):
    write(labels=["setosa", None])

    served = load()

    times, features, predictions, probabilities, labels = join(served.chunks)
    assert served.model.version == "1"
    assert times.tolist() == [traffic.START + hour * 3600 for hour in range(10)]
    assert len(features) == len(predictions) == len(probabilities) == 10
    assert labels.tolist() == ["setosa", *[None] * 9]


def test_other_versions_arms_and_models_are_left_out(first_release, write, load):
    write(rows=5)
    write(rows=3, version="2")
    write(rows=3, arm="canary")
    write(rows=3, name="penguins")

    assert len(join(load().chunks)[0]) == 5


def test_rows_before_the_last_days_are_left_out(first_release, write, load):
    write(rows=5, hours=100)

    assert len(join(load(days=1).chunks)[0]) == 2


def test_chunks_can_be_read_again_and_have_a_limit(
    first_release, write, load, monkeypatch
):
    monkeypatch.setattr("iris_kedro.datasets.predictions.MOST_ROWS", 4)
    write()

    chunks = load().chunks

    assert [len(each.times) for each in chunks] == [4, 4, 2]
    assert [len(each.times) for each in chunks] == [4, 4, 2]


def test_newest_version_is_known_if_production_has_no_rows(first_release, write, load):
    write(version="7")

    served = load()

    assert served.newest_version == "7"
    assert list(served.chunks) == []


def test_without_production_there_is_nothing_to_monitor(tracking, load):
    with pytest.raises(DatasetError, match="no version of iris is Production"):
        load()


def test_missing_database_is_named(first_release, load, tmp_path):
    with pytest.raises(DatasetError, match=f"no database .* {tmp_path}/predictions.db"):
        load()


def test_database_without_predictions_is_named(first_release, load, url):
    schema.upgrade(connect(url))

    with pytest.raises(DatasetError, match="no predictions yet"):
        load()


def test_database_of_another_model_is_named(first_release, write, load):
    write(name="penguins")

    with pytest.raises(DatasetError, match="predictions of penguins, but none of iris"):
        load()


def test_damaged_version_is_named(first_release, write, load):
    write()
    Registry("iris")._model.set_version_tag("1", "file_digest", "sha256:other")

    with pytest.raises(DatasetError, match="version 1 of iris cannot be read"):
        load()


def test_predictions_cannot_be_written():
    with pytest.raises(DatasetError, match="written by the service"):
        PredictionsDataset("iris", {"con": "sqlite://"}).save([])


@pytest.mark.parametrize(
    ("con", "complaint"),
    [
        ("", "IRIS_DATABASE_URL is empty"),
        ("predictions.db", "IRIS_DATABASE_URL is not the URL of a database"),
    ],
)
def test_wrong_address_is_reported_when_it_is_used(first_release, load, con, complaint):
    with pytest.raises(DatasetError, match=f"^{complaint}"):
        load(con=con)
