"""Results of runs, as read from MLflow."""

import time

import pytest
from mlflow.tracking import MlflowClient

from iris_kedro.datasets.raw.archive import LABELLED_ROWS
from iris_kedro.hooks.tracking import DECISION
from iris_kedro.watcher.results import Results
from iris_kedro.watcher.triggers.labels import Label


@pytest.fixture
def results(registry, tmp_path):
    return Results(registry._model, "0", tmp_path)


@pytest.fixture
def log():
    """Return a function that logs the run of a decision."""

    def log(decision, **tags):
        MlflowClient().create_run("0", tags={DECISION: decision, **tags})

    return log


def test_labels_of_a_run_are_read_from_its_archive(results, log, tmp_path):
    line = '{"prediction_id": "p", "row_index": 2, "label": "a", "features": {}}\n'
    (tmp_path / "rows.jsonl").write_text(line)
    log("one", **{LABELLED_ROWS: "rows.jsonl"})
    log("two")

    assert results.read_labels("one") == [Label("p", 2, "a")]
    assert results.read_labels("two") is None
    assert results.read_labels("three") is None


@pytest.mark.parametrize("address", ["rows.jsonl", "runs:/gone/rows.jsonl"])
def test_missing_archive_does_not_prevent_a_result(results, log, caplog, address):
    log("one", **{LABELLED_ROWS: address})

    assert results.read_labels("one") is None
    assert "count as new" in caplog.text


def test_labels_of_the_newest_version_that_has_any_are_found(
    results, registry, register
):
    assert results.find_labels() is None

    register(registry, tags={LABELLED_ROWS: "first.jsonl"})
    register(registry, tags={LABELLED_ROWS: "second.jsonl"})
    register(registry)

    assert results.find_labels() == "second.jsonl"


def test_production_is_found_with_its_registration_time(results, registry, register):
    assert results.find_production() is None

    began = time.time()
    register(registry)
    registry._model.set_alias("Production", "1")

    version, created_at = results.find_production()
    assert version == "1"
    assert began - 1 <= created_at <= time.time() + 1
