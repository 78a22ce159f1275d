"""Loads a released model by version or alias."""

from typing import Any, NoReturn

from google.protobuf.message import DecodeError
from kedro.io import AbstractDataset, DatasetError
from mlflow.exceptions import MlflowException

from iris_kedro.datasets.models.storage import download_model
from iris_kedro.gate.release import ReleasedModel
from iris_kedro.registry import PRODUCTION, Registry


class ReleasedModelDataset(AbstractDataset[NoReturn, ReleasedModel]):
    """Loads a registered version.

    Args:
        name: Name of the registered model.
        wanted: The version, or an alias.
        metadata: For plugins.
    """

    def __init__(
        self,
        name: str,
        wanted: str | int = PRODUCTION,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        self._name = name
        self._wanted = str(wanted)
        self.metadata = metadata

    def load(self) -> ReleasedModel:
        """Download the model.

        Raises:
            DatasetError: If the version or alias does not exist, or cannot be read.
        """
        return read_released(self._name, self._wanted)

    def save(self, data: NoReturn) -> None:
        """Refuse to write, because the pipeline model_release releases models."""
        raise DatasetError("models are released by the pipeline model_release")

    def _describe(self) -> dict[str, Any]:
        return {"name": self._name, "wanted": self._wanted}


def read_released(name: str, wanted: str) -> ReleasedModel:
    """Download a model.

    Raises:
        DatasetError: If the version or alias does not exist, or cannot be read.
    """
    registry = Registry(name)
    version = wanted if wanted.isdigit() else registry.aliases().get(wanted)
    if version is None:
        raise DatasetError(
            f"no version of {name} is {wanted}: kedro run trains and releases one, and"
            " kedro model list shows all versions"
        )
    try:
        return ReleasedModel(version, download_model(registry, version))
    except (DecodeError, MlflowException, OSError, ValueError) as error:
        raise DatasetError(
            f"version {version} of {name} cannot be read: {error}"
        ) from error
