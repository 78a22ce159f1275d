"""A tag of a registered model as a dataset."""

import json
from typing import Any

from kedro.io import AbstractDataset, DatasetError
from mlflow.tracking import MlflowClient

from iris_kedro.registry.storage.registered_model import RegisteredModel


class RegistryTagDataset(AbstractDataset[dict[str, Any], dict[str, Any]]):
    """Keeps a small document as JSON, where the service and its page can read it.

    On the registered model and not on a version, whose tags are a part of what the
    service loads.
    """

    def __init__(
        self, name: str, tag: str, metadata: dict[str, Any] | None = None
    ) -> None:
        self._name = name
        self._tag = tag
        self.metadata = metadata

    def load(self) -> dict[str, Any]:
        """Read the document.

        Raises:
            DatasetError: If there is none.
        """
        text = self._model.read().tags.get(self._tag)
        if text is None:
            raise DatasetError(f"{self._name} has no tag {self._tag}")
        document: dict[str, Any] = json.loads(text)
        return document

    def save(self, data: dict[str, Any]) -> None:
        """Replace the document; MLflow limits it to 5,000 characters."""
        self._model.set_tag(self._tag, json.dumps(data, ensure_ascii=False))

    def _describe(self) -> dict[str, Any]:
        return {"name": self._name, "tag": self._tag}

    @property
    def _model(self) -> RegisteredModel:
        return RegisteredModel(self._name, MlflowClient())
