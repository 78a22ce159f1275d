import json

import mlflow
import pytest
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from iris_kedro.datasets import RawArchiveDataset, SourceDataset
from iris_kedro.datasets.raw.locations import read_location
from iris_kedro.model.provenance import RawFile

CONTENT = b"a,b\r\n1,2\r\n"


@pytest.fixture
def archive(tracking, tmp_path):
    with mlflow.start_run():
        yield RawArchiveDataset(str(tmp_path / "archived.json"), str(tmp_path))


def test_archived_file_can_be_a_source(archive, tmp_path):
    archive.save(RawFile(CONTENT, "flowers.csv"))

    raw = archive.load()

    assert raw.source == "flowers.csv"
    assert SourceDataset(raw.address, "t", str(tmp_path)).load() == CONTENT


def test_address_outside_the_project_is_absolute(archive, tmp_path):
    elsewhere = RawArchiveDataset(str(tmp_path / "a.json"), str(tmp_path / "project"))

    elsewhere.save(RawFile(CONTENT, "flowers.csv"))

    assert SourceDataset(elsewhere.load().address, "t", "/nowhere").load() == CONTENT


def test_each_content_is_stored_once(archive, tmp_path):
    for content in (CONTENT, b"other", CONTENT):
        archive.save(RawFile(content, "flowers.csv"))

    assert len(list(tmp_path.rglob("raw/*.csv"))) == 2


def test_same_content_is_not_uploaded_again(archive, tmp_path):
    archive.save(RawFile(CONTENT, "flowers.csv"))
    (kept,) = tmp_path.rglob("raw/*.csv")
    before = kept.stat().st_mtime_ns

    archive.save(RawFile(CONTENT, "copy.csv"))

    assert kept.stat().st_mtime_ns == before
    assert archive.load().source == "copy.csv"


def test_incomplete_upload_is_replaced(archive, tmp_path):
    archive.save(RawFile(CONTENT, "flowers.csv"))
    (kept,) = tmp_path.rglob("raw/*.csv")
    kept.write_bytes(CONTENT[:3])

    archive.save(RawFile(CONTENT, "flowers.csv"))

    assert kept.read_bytes() == CONTENT


def test_run_has_the_file_as_an_input(archive):
    archive.save(RawFile(CONTENT, "flowers.csv"))

    run = MlflowClient().get_run(mlflow.active_run().info.run_id)
    (logged,) = run.inputs.dataset_inputs
    raw = archive.load()
    assert run.data.tags["raw_data"] == raw.address
    assert raw.digest.startswith(logged.dataset.digest)
    assert json.loads(logged.dataset.source) == {
        "uri": raw.address,
        "from": "flowers.csv",
    }


def test_input_is_logged_again_when_another_run_was_faster(archive, monkeypatch):
    log, failures = MlflowClient.log_inputs, [MlflowException("UNIQUE")]

    def fail_once(self, *arguments):
        if failures:
            raise failures.pop()
        log(self, *arguments)

    monkeypatch.setattr(MlflowClient, "log_inputs", fail_once)

    archive.save(RawFile(CONTENT, "flowers.csv"))

    run = MlflowClient().get_run(mlflow.active_run().info.run_id)
    assert len(run.inputs.dataset_inputs) == 1


def test_labelled_rows_are_archived_beside_the_file(archive, tmp_path):
    archive.save(RawFile(CONTENT, "flowers.csv", b"{}\n"))

    raw = archive.load()
    assert read_location(raw.labelled, str(tmp_path)) == b"{}\n"
    run = MlflowClient().get_run(mlflow.active_run().info.run_id)
    assert run.data.tags["labelled_rows"] == raw.labelled
    inputs = {
        each.dataset.name: each.tags[0].value for each in run.inputs.dataset_inputs
    }
    assert inputs == {"raw": "raw", "labelled_rows": "labelled_rows"}


def test_no_labelled_rows_are_archived_if_disabled(archive, tmp_path):
    archive.save(RawFile(CONTENT, "flowers.csv"))

    assert archive.load().labelled == ""
    assert not list(tmp_path.rglob("raw/*.jsonl"))
