from pathlib import Path

import pytest

from iris_kedro.notebook.service import Service, write_requests, write_tensors
from iris_kedro.notebook.traffic import report_labels, send_rows
from tests.raw_files import serve

ROOT = Path(__file__).parents[3]


@pytest.mark.slow
def test_service_predicts_and_takes_labels_as_the_registry_says(
    project, monkeypatch, train_data, dataset
):
    project.release()
    rows = train_data[:5]
    labels = rows["species"].tolist()

    with serve(project) as service:
        row = {"sepal_length": 5.1, "sepal_width": 3.5}
        row |= {"petal_length": 1.4, "petal_width": 0.2}
        answer = service.post("/predict", row)
        ids = send_rows(service, rows, dataset, size=2)
        accepted = report_labels(service, ids, labels, step=2)
        with monkeypatch.context() as patch:
            patch.setattr("iris_kedro.notebook.service.PATIENCE", 0.5)
            patch.setattr("iris_kedro.notebook.traffic.PATIENCE", 0.0)
            with pytest.raises(RuntimeError, match="version 1 has not become"):
                service.wait_for_canary("1")
            with pytest.raises(RuntimeError, match="unicorn"):
                report_labels(service, ids, ["unicorn"] * len(rows))

    assert answer["prediction"] == "setosa"
    assert answer["model"]["version"] == "1"
    assert len(ids) == 3
    assert accepted == 3


def test_service_that_cannot_start_shows_its_log(tmp_path):
    with pytest.raises(RuntimeError, match="serving"):
        Service(tmp_path)


def test_rows_are_written_as_clients_send_them(mixed_data, mixed):
    rows = mixed_data.assign(alone=1.0, age=None, siblings=2.0)

    (request,) = write_requests(rows[:1], mixed)

    assert list(request) == mixed.columns
    assert (request["alone"], request["age"]) == (True, None)
    assert isinstance(request["siblings"], int)
    assert isinstance(request["deck"], str)


def test_tensors_are_one_array_or_several_by_name(
    mixed_data, mixed, train_data, dataset, select
):
    categories = select(mixed, "deck", "sex")

    both = write_tensors(mixed_data, mixed)

    assert {name: tensor.dtype.kind for name, tensor in both.items()} == {
        "numbers": "f",
        "categories": "U",
    }
    assert write_tensors(train_data, dataset).shape == (len(train_data), 4)
    assert write_tensors(mixed_data, categories).shape == (len(mixed_data), 2)
