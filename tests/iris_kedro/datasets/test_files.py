from io import BytesIO
from pathlib import Path

import mlflow
import onnx
import pandas as pd
import pytest
from kedro.io import DatasetError

from iris_kedro.datasets import BytesDataset, OnnxDataset, SourceDataset


def test_bundled_iris_has_the_real_rows():
    data = pd.read_csv(BytesIO(SourceDataset("sklearn:iris", "species").load()))

    assert data.shape == (150, 5)
    assert data["species"].value_counts().to_dict() == {
        "setosa": 50,
        "versicolor": 50,
        "virginica": 50,
    }


def test_other_bundled_data_works_as_well():
    data = pd.read_csv(BytesIO(SourceDataset("sklearn:wine", "cultivar").load()))

    assert data["cultivar"].nunique() == 3


def test_unknown_bundled_data_names_what_there_is():
    with pytest.raises(DatasetError, match="no dataset 'tulips'; it has iris"):
        SourceDataset("sklearn:tulips", "species").load()


@pytest.mark.parametrize(
    "content", [b"a,b\r\n1,2\r\n", b"\xff\xfe\x00", b"a" * 100_000]
)
@pytest.mark.parametrize("prefix", ["", "file://"])
def test_source_is_read_byte_by_byte(tmp_path, content, prefix):
    (tmp_path / "source.csv").write_bytes(content)

    assert SourceDataset(f"{prefix}{tmp_path}/source.csv", "t").load() == content


def test_source_may_be_an_artifact_of_a_run(tracking):
    with mlflow.start_run() as run:
        mlflow.log_text("a,b\n1,2\n", "source.csv")

    location = f"runs:/{run.info.run_id}/source.csv"

    assert SourceDataset(location, "t").load() == b"a,b\n1,2\n"


def test_missing_artifact_is_refused_by_name(tracking):
    with pytest.raises(DatasetError, match=r"cannot read the source 'runs:/no/a\.csv'"):
        SourceDataset("runs:/no/a.csv", "t").load()


@pytest.mark.parametrize("content", [b"", b" \r\n\n\t"])
def test_empty_source_is_refused_by_name(tmp_path, content):
    (tmp_path / "source.csv").write_bytes(content)

    with pytest.raises(DatasetError, match=r"source\.csv' is empty"):
        SourceDataset(str(tmp_path / "source.csv"), "t").load()


@pytest.mark.parametrize("location", ["missing.csv", ".", "nonsense://here/a.csv", ""])
def test_unreadable_source_names_place_and_parameter(tmp_path, monkeypatch, location):
    monkeypatch.chdir(tmp_path)

    with pytest.raises(DatasetError) as caught:
        SourceDataset(location, "t").load()

    assert f"cannot read the source {location!r}" in str(caught.value)
    assert "data_engineering.source" in str(caught.value)


@pytest.mark.parametrize("folder", ["", "inner"])
def test_relative_source_starts_in_the_given_folder(tmp_path, monkeypatch, folder):
    (tmp_path / "inner").mkdir()
    (tmp_path / folder / "source.csv").write_text("a,b")
    location = str(Path(folder, "source.csv"))

    assert SourceDataset(location, "t", path=str(tmp_path)).load() == b"a,b"


def test_source_in_the_home_folder_is_found(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "source.csv").write_text("a,b")

    assert SourceDataset("~/source.csv", "t", path="/elsewhere").load() == b"a,b"


def test_source_cannot_be_written():
    with pytest.raises(DatasetError, match="cannot be written"):
        SourceDataset("sklearn:iris", "species").save(b"x")


def test_bytes_come_back_as_they_were_saved(tmp_path):
    file = BytesDataset(str(tmp_path / "new/folder/raw.csv"))

    file.save(b"\x00\r\n")

    assert file.load() == b"\x00\r\n"
    assert file.exists()


def test_interrupted_writing_keeps_the_old_file(tmp_path, monkeypatch):
    file = BytesDataset(str(tmp_path / "raw.csv"))
    file.save(b"old")

    with pytest.raises(DatasetError):
        file.save("text is not bytes")

    assert file.load() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["raw.csv"]


def test_missing_file_does_not_exist(tmp_path):
    assert not BytesDataset(str(tmp_path / "raw.csv")).exists()
    assert not OnnxDataset(str(tmp_path / "model.onnx")).exists()


def test_model_comes_back_as_it_was_saved(tmp_path, challenger):
    file = OnnxDataset(str(tmp_path / "model.onnx"))

    file.save(challenger)

    assert file.load() == challenger
    assert onnx.load(tmp_path / "model.onnx") == challenger
