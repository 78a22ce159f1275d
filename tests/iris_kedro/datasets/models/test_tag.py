import pytest
from kedro.io import DatasetError

from iris_kedro.datasets import RegistryTagDataset


def test_document_is_kept_with_the_registered_model(tracking):
    tracking.create_registered_model("iris")
    dataset = RegistryTagDataset("iris", "monitoring")

    dataset.save({"reason": "Größe drifts"})

    assert dataset.load() == {"reason": "Größe drifts"}
    tags = tracking.get_registered_model("iris").tags
    assert tags == {"monitoring": '{"reason": "Größe drifts"}'}  # not escaped: shorter


def test_missing_document_is_an_error(tracking):
    with pytest.raises(DatasetError, match="iris has no tag monitoring"):
        RegistryTagDataset("iris", "monitoring").load()
