import shutil
from pathlib import Path

import pytest

from iris_kedro.notebook.monitoring.metrics import count_predictions
from iris_kedro.notebook.service import Service, write_requests, write_tensors

ROOT = Path(__file__).parents[3]


@pytest.mark.slow
def test_service_predicts_from_the_projects_registry(project, monkeypatch):
    project.invoke("run")
    shutil.copytree(ROOT / "serving", project.path / "serving")

    service = Service(project.path)
    try:
        row = {"sepal_length": 5.1, "sepal_width": 3.5}
        row |= {"petal_length": 1.4, "petal_width": 0.2}
        answer = service.post("/predict", row)
        metrics = service.read_metrics(1)
        with monkeypatch.context() as patch:
            patch.setattr("iris_kedro.notebook.service.PATIENCE", 0.5)
            with pytest.raises(RuntimeError, match="fewer than 2 predicted rows"):
                service.read_metrics(2)
    finally:
        service.stop()

    assert answer["prediction"] == "setosa"
    assert answer["model"]["version"] == "1"
    assert count_predictions(metrics) == 1


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
