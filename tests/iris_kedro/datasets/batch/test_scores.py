import hashlib
import json

import pyarrow.dataset
import pyarrow.parquet as pq
import pytest
from kedro.io import DatasetError

from iris_kedro.datasets import ScoresDataset
from iris_kedro.datasets.batch.running.parts import ScorePart
from iris_kedro.scoring.counts import Counts
from tests.iris_kedro.datasets.batch.parquet_rows import (
    PART_ROWS,
    ROWS,
    read_files,
    write_rows,
)


@pytest.fixture
def rows(tmp_path):
    path = tmp_path / "rows/a.parquet"
    write_rows(path)
    return path


@pytest.fixture
def scores(tmp_path):
    return ScoresDataset("scores", path=str(tmp_path))


def read_times(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


def stop_after(count, monkeypatch):
    """End the scoring process after some parts, as if it was killed."""
    score, calls = ScorePart.__call__, []

    def stop(self, part):
        calls.append(part.number)
        if len(calls) > count:
            raise KeyboardInterrupt
        return score(self, part)

    monkeypatch.setattr(ScorePart, "__call__", stop)
    return calls


def test_each_part_has_a_file_and_together_they_have_all_rows(
    rows, make_job, scores, tmp_path
):
    scores.save(make_job())

    names = sorted(path.name for path in (tmp_path / "scores").glob("part-*"))
    table = pyarrow.dataset.dataset(tmp_path / "scores").to_table()
    scored = scores.load()
    assert len(names) == len(scored.parts) == ROWS // PART_ROWS
    assert table["id"].to_pylist() == list(range(ROWS))
    assert Counts.add_up(scored.parts).scored == ROWS
    assert scored.resumed == 0


def test_rejected_rows_are_beside_the_scores_with_their_file(
    rows, make_job, scores, tmp_path
):
    write_rows(rows, petal_width=99.0)

    scores.save(make_job())

    found = pq.read_table(tmp_path / "scores/_rejects/part-00000.parquet").to_pylist()
    assert [(each["file"], each["row"]) for each in found] == [(str(rows), 11)]
    assert len(list((tmp_path / "scores/_rejects").iterdir())) == 1


@pytest.mark.parametrize("format", ["parquet", "csv", "jsonl"])
def test_formats_have_the_same_scores(rows, make_job, scores, tmp_path, format):
    write_rows(rows, petal_width=99.0)

    scores.save(make_job(format=format))

    kind = {"jsonl": "json"}.get(format, format)
    files = sorted((tmp_path / "scores").glob(f"part-*.{format}"))
    table = pyarrow.dataset.dataset(files, format=kind).to_table().to_pandas()
    assert len(table) == ROWS - 1
    probabilities = table.filter(like="probability_")
    assert probabilities.sum(axis=1).between(0.9999, 1.0001).all()
    assert (tmp_path / f"scores/_rejects/part-00000.{format}").exists()


def test_a_finished_run_does_nothing(rows, make_job, scores, tmp_path, caplog):
    scores.save(make_job())
    before = read_times(tmp_path / "scores")

    with caplog.at_level("INFO"):
        scores.save(make_job())

    assert read_times(tmp_path / "scores") == before
    assert "already scored" in caplog.text
    assert scores.load().resumed == ROWS // PART_ROWS


def test_a_stopped_run_is_resumed(rows, make_job, scores, tmp_path, monkeypatch):
    scores.save(make_job())
    whole = read_files(tmp_path / "scores")
    other = ScoresDataset("other", path=str(tmp_path))
    with monkeypatch.context() as stopped, pytest.raises(KeyboardInterrupt):
        stop_after(4, stopped)
        other.save(make_job())

    calls = stop_after(ROWS, monkeypatch)
    other.save(make_job())

    assert calls == [4, 5, 6, 7, 8, 9]
    assert read_files(tmp_path / "other") == whole
    assert other.load().resumed == 4


def test_unfinished_scores_cannot_be_loaded(rows, make_job, scores, monkeypatch):
    with monkeypatch.context() as stopped, pytest.raises(KeyboardInterrupt):
        stop_after(4, stopped)
        scores.save(make_job())

    with pytest.raises(DatasetError, match="no finished scores"):
        scores.load()


@pytest.mark.parametrize("damage", ["deleted", "truncated", "no sidecar"])
def test_incomplete_part_is_scored_again(
    rows, make_job, scores, tmp_path, monkeypatch, damage
):
    scores.save(make_job())
    whole = read_files(tmp_path / "scores")
    part = tmp_path / "scores/part-00002.parquet"
    if damage == "deleted":
        part.unlink()
    elif damage == "truncated":
        part.write_bytes(part.read_bytes()[:-1])
    else:
        (tmp_path / "scores/_parts/part-00002.json").unlink()

    calls = stop_after(ROWS, monkeypatch)
    scores.save(make_job())

    assert calls == [2]
    assert read_files(tmp_path / "scores") == whole


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"version": "4"}, "version was '3' and is '4'"),
        ({"columns": ["id"]}, "columns was"),
        ({"format": "csv"}, "format was 'parquet' and is 'csv'"),
    ],
)
def test_another_job_starts_again_and_logs_why(
    rows, make_job, scores, tmp_path, caplog, change, why
):
    scores.save(make_job())

    with caplog.at_level("INFO"):
        scores.save(make_job(**change))

    assert why in caplog.text
    other = ScoresDataset("other", path=str(tmp_path))
    other.save(make_job(**change))
    assert read_files(tmp_path / "scores") == read_files(tmp_path / "other")


def test_changed_rows_are_scored_again(rows, make_job, scores, tmp_path, caplog):
    scores.save(make_job())
    write_rows(rows, rows=ROWS - 300, seed=1)

    with caplog.at_level("INFO"):
        scores.save(make_job())

    assert "fingerprint of the rows was" in caplog.text
    assert len(list((tmp_path / "scores").glob("part-*"))) == (ROWS - 300) // PART_ROWS
    assert pyarrow.dataset.dataset(tmp_path / "scores").count_rows() == ROWS - 300


def test_a_folder_with_other_files_is_refused(rows, make_job, scores, tmp_path):
    (tmp_path / "scores").mkdir()
    (tmp_path / "scores/thesis.txt").write_text("years of work")

    with pytest.raises(
        DatasetError, match=r"contains other files, such as thesis\.txt"
    ):
        scores.save(make_job())

    assert (tmp_path / "scores/thesis.txt").exists()


def test_other_files_are_kept_when_rows_are_scored_again(
    rows, make_job, scores, tmp_path
):
    scores.save(make_job())
    (tmp_path / "scores/notes.txt").write_text("mine")

    scores.save(make_job(version="4"))

    assert (tmp_path / "scores/notes.txt").read_text() == "mine"


def test_missing_target_is_an_error(rows, make_job):
    with pytest.raises(
        DatasetError,
        match=r"batch_inference\.target, the folder of the scores, is not set",
    ):
        ScoresDataset(None).save(make_job())


@pytest.mark.slow
@pytest.mark.parametrize("processes", [1, 2])
def test_invalid_rows_can_stop_the_run(rows, make_job, scores, processes):
    write_rows(rows, petal_width=99.0)

    with pytest.raises(DatasetError, match=r"row 11, petal_width: must be at most 20"):
        scores.save(make_job(on_invalid="fail", processes=processes))


def test_rejected_rows_of_an_earlier_run_fail_a_run_that_allows_none(
    rows, make_job, scores
):
    write_rows(rows, petal_width=99.0)
    scores.save(make_job())

    with pytest.raises(DatasetError, match=r"row 11, petal_width: must be at most 20"):
        scores.save(make_job(on_invalid="fail"))
    scores.save(make_job())

    assert Counts.add_up(scores.load().parts).scored == ROWS - 1


@pytest.mark.slow
def test_processes_write_the_same_files(rows, make_job, scores, tmp_path):
    other = ScoresDataset("other", path=str(tmp_path))

    scores.save(make_job())
    other.save(make_job(processes=3))

    assert read_files(tmp_path / "scores") == read_files(tmp_path / "other")


def test_each_part_has_its_position_in_the_input_and_a_digest(
    rows, make_job, scores, tmp_path
):
    scores.save(make_job())

    part = json.loads((tmp_path / "scores/_parts/part-00002.json").read_text())
    content = (tmp_path / "scores/part-00002.parquet").read_bytes()
    assert (part["file"], part["first_row"]) == (str(rows), 2 * PART_ROWS + 1)
    assert part["sha256"] == hashlib.sha256(content).hexdigest()
    assert part["counts"]["rows"] == PART_ROWS


def test_manifest_lists_what_the_scores_depend_on(rows, make_job, scores, tmp_path):
    scores.save(make_job())

    manifest = json.loads((tmp_path / "scores/_manifest.json").read_text())

    assert manifest["finished"] is True
    assert manifest["parts"] == ROWS // PART_ROWS
    assert manifest["identity"]["version"] == "3"
    assert len(manifest["identity"]["model digest"]) == 64
