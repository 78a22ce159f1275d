import pytest
from kedro.io import DatasetError

from iris_kedro.datasets import ReleasedModelDataset
from iris_kedro.model.contract import Contract


def test_production_is_loaded_by_default(second_release, make_challenger):
    loaded = ReleasedModelDataset("iris").load()

    assert loaded.version == "2"
    expected = Contract.read(make_challenger(C=0.5))
    assert loaded.contract.golden_rows == expected.golden_rows


@pytest.mark.parametrize(
    ("wanted", "version"), [("1", "1"), (1, "1"), ("Previous", "1"), ("2", "2")]
)
def test_versions_are_named_by_number_or_alias(second_release, wanted, version):
    assert ReleasedModelDataset("iris", wanted).load().version == version


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("Canary", "no version of iris is Canary: kedro"),
        (9, r"version 9 of iris cannot be read: .*9"),
    ],
)
def test_missing_version_is_an_error(second_release, wanted, message):
    with pytest.raises(DatasetError, match=message):
        ReleasedModelDataset("iris", wanted).load()


def test_missing_model_is_an_error(tracking):
    with pytest.raises(DatasetError, match="no version of iris is Production"):
        ReleasedModelDataset("iris").load()


@pytest.mark.parametrize("damage", ["deleted", "damaged"])
def test_version_that_cannot_be_read_is_an_error(second_release, tmp_path, damage):
    for path in list(tmp_path.rglob("*.onnx")):
        if damage == "deleted":
            path.unlink()
        else:
            path.write_bytes(b"not a model")

    with pytest.raises(DatasetError, match="version 2 of iris cannot be read"):
        ReleasedModelDataset("iris").load()


def test_released_models_cannot_be_written():
    with pytest.raises(DatasetError, match="released by the pipeline model_release"):
        ReleasedModelDataset("iris").save("model")
