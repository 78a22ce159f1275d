"""A real MLflow registry in a SQLite file."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Self

from mlflow import MlflowClient

from benchmarks.chaos.models import BuiltModel

NAME = "iris"


class Registry:
    """The registry in a folder."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "mlflow.db"
        self.uri = f"sqlite:///{self.file}"
        self._client = MlflowClient(self.uri, self.uri)

    @classmethod
    def create(cls, folder: Path, models: list[BuiltModel]) -> Self:
        """Create a registry with models, which become the versions 1, 2 and so on."""
        registry = cls(folder)
        registry._client.create_registered_model(NAME)
        for number, model in enumerate(models):
            source = folder / f"artifacts-{number}"
            source.mkdir()
            (source / "model.onnx").write_bytes(model.content)
            tags = {"file_digest": model.digest, "verdict": "released"}
            registry._client.create_model_version(NAME, str(source), tags=tags)
        registry.promote("1")
        return registry

    def copy_to(self, folder: Path) -> "Registry":
        """Copy the database; the models stay where they are."""
        shutil.copy(self.file, folder)
        return Registry(folder)

    def promote(self, version: str) -> None:
        """Assign the alias Production to a version."""
        self._client.set_registered_model_alias(NAME, "Production", version)

    @contextmanager
    def moved_away(self) -> Iterator[None]:
        """Move the database away temporarily."""
        away = self.file.with_name("away.db")
        self.file.rename(away)
        try:
            yield
        finally:
            away.rename(self.file)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold an exclusive transaction temporarily."""
        with closing(sqlite3.connect(self.file, isolation_level=None)) as database:
            database.execute("BEGIN EXCLUSIVE")
            yield
            database.execute("ROLLBACK")
