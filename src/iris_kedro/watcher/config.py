"""The watcher's configuration, and the connection to its database."""

import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from iris_kedro.configuration import name_data_folder, name_model
from iris_kedro.database_errors import explain_database_errors
from iris_kedro.errors import ProjectError
from iris_kedro.registry import find_user
from iris_kedro.specification import Watcher as Parameters
from iris_kedro.specification import check_watcher

from .records.database import connect, has_tables, upgrade
from .records.reading import Record
from .records.store import Store


@dataclass(frozen=True)
class WatcherConfig:
    """The watcher's configuration."""

    parameters: Parameters
    model: str
    project: Path
    reporting: Path
    engine: Engine

    @property
    def store(self) -> Store:
        """The store of triggers and decisions."""
        return Store(self.engine, self.model)

    @property
    def report(self) -> Path:
        """The file that the monitoring pipeline writes."""
        return self.reporting / "monitoring.json"

    @property
    def by(self) -> str:
        """The name of this watcher in the records."""
        return f"{find_user()}@{socket.gethostname()}"


def read_config(context: Any) -> WatcherConfig:
    """Read the configuration, and create or update the watcher's tables.

    Raises:
        ProjectError: If the database cannot be used.
    """
    parameters = context.config_loader["parameters"]
    model, project = name_model(parameters), Path(context.project_path)
    engine = _connect(context)
    with explain_database_errors(engine):
        upgrade(engine)
    return WatcherConfig(
        check_watcher(parameters),
        model,
        project,
        project / "data" / "08_reporting" / name_data_folder(model),
        engine,
    )


def find_records(context: Any, newest: int) -> list[Record]:
    """Return the watcher's newest decisions; none if there has never been a watcher.

    Raises:
        ProjectError: If the database cannot be read.
    """
    engine = _connect(context)
    if engine.dialect.name == "sqlite" and not Path(engine.url.database or "").exists():
        return []
    with explain_database_errors(engine):
        if not has_tables(engine):
            return []
        model = name_model(context.config_loader["parameters"])
        return Store(engine, model).list_decisions(newest)


def _connect(context: Any) -> Engine:
    return connect(_find_address(context), Path(context.project_path))


def _find_address(context: Any) -> str:
    address: str = context.config_loader["credentials"]["predictions"]["con"]
    if not address:
        raise ProjectError(
            "IRIS_DATABASE_URL is empty: the watcher stores its records in the database"
            " of predictions. Unset it to use predictions.db in the project's folder"
        )
    return address
