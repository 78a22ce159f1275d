import onnx
import pytest
from kedro.io import DatasetError

from iris_kedro.datasets import BytesDataset, OnnxDataset


def test_bytes_are_loaded_as_they_were_saved(tmp_path):
    file = BytesDataset(str(tmp_path / "new/folder/raw.csv"))

    file.save(b"\x00\r\n")

    assert file.load() == b"\x00\r\n"
    assert file.exists()


def test_refused_content_keeps_the_old_file(tmp_path):
    file = BytesDataset(str(tmp_path / "raw.csv"))
    file.save(b"old")

    with pytest.raises(DatasetError):
        file.save("text is not bytes")

    assert file.load() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["raw.csv"]


def test_missing_file_does_not_exist(tmp_path):
    assert not BytesDataset(str(tmp_path / "raw.csv")).exists()
    assert not OnnxDataset(str(tmp_path / "model.onnx")).exists()


def test_model_is_loaded_as_it_was_saved(tmp_path, challenger):
    file = OnnxDataset(str(tmp_path / "model.onnx"))

    file.save(challenger)

    assert file.load() == challenger
    assert onnx.load(tmp_path / "model.onnx") == challenger
