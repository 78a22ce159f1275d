import json
from importlib.metadata import version

import mlflow
import pandas as pd
import pytest
from kedro.io import DatasetError
from mlflow.exceptions import MlflowException

from iris_kedro.datasets import (
    CandidateRunsDataset,
    MetricsDataset,
    ProvenanceDataset,
    TrackedParquetDataset,
)


def test_metrics_are_in_mlflow_and_in_a_file_with_a_preview(tracking, tmp_path):
    file = tmp_path / "metrics.json"
    metrics = MetricsDataset(filepath=str(file), prefix="held_out")

    with mlflow.start_run() as run:
        metrics.save({"accuracy": {"value": 0.97, "step": 0}})

    assert tracking.get_run(run.info.run_id).data.metrics == {"held_out/accuracy": 0.97}
    assert json.loads(file.read_text()) == {"accuracy": 0.97}
    assert metrics.preview()["data"] == [["accuracy", 0.97]]


@pytest.fixture
def file(tmp_path):
    """Return a Parquet file whose content is an input of the run that saves it."""
    path = str(tmp_path / "train.parquet")
    return TrackedParquetDataset(context="training", target="species", filepath=path)


def test_saved_data_is_an_input_of_the_run(tracking, file, train_data):
    with mlflow.start_run() as run:
        file.save(train_data)

    (logged,) = tracking.get_run(run.info.run_id).inputs.dataset_inputs
    assert (logged.dataset.name, logged.tags[0].value) == ("train", "training")
    assert logged.dataset.digest
    pd.testing.assert_frame_equal(file.load(), train_data)


def test_input_that_another_run_logs_at_the_same_time_is_logged_again(
    tracking, file, train_data, monkeypatch
):
    original, failures = mlflow.log_input, iter([MlflowException("not unique")])

    def log_input(*args, **kwargs):
        for failure in failures:
            raise failure
        original(*args, **kwargs)

    monkeypatch.setattr(mlflow, "log_input", log_input)
    with mlflow.start_run() as run:
        file.save(train_data)

    assert len(tracking.get_run(run.info.run_id).inputs.dataset_inputs) == 1


def test_digest_of_the_input_changes_with_the_data(tracking, file, train_data):
    with mlflow.start_run() as run:
        file.save(train_data)
        file.save(train_data.iloc[1:])

    logged = tracking.get_run(run.info.run_id).inputs.dataset_inputs
    assert len({each.dataset.digest for each in logged}) == 2


def test_provenance_knows_run_code_and_dependencies(tracking):
    with mlflow.start_run() as run:
        provenance = ProvenanceDataset().load()

    assert provenance.run_id == run.info.run_id
    assert provenance.code_digest.startswith("sha256:")
    assert f"numpy=={version('numpy')}" in provenance.packages


def test_provenance_knows_what_was_given_to_the_run(tracking):
    given = {"env": "wine", "runtime_params": {"data_science": {"force": True}}}
    with mlflow.start_run():
        mlflow.set_tags(given)
        provenance = ProvenanceDataset().load()

    assert provenance.env == "wine"
    assert provenance.parameters == {"data_science.force": True}


def test_provenance_without_a_run_has_no_run(tracking):
    assert ProvenanceDataset().load().run_id == ""


def test_one_way_datasets_reject_the_other_direction():
    with pytest.raises(DatasetError):
        CandidateRunsDataset().load()
    with pytest.raises(DatasetError):
        ProvenanceDataset().save("x")
