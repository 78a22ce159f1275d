"""The state of the registry, the database and the reports."""

import json
from typing import Any

from mlflow.tracking import MlflowClient
from sqlalchemy import func, select

from demo.loop.project import MODEL, Project
from iris_kedro.prediction_database import feedback, open_database, predictions
from iris_kedro.registry import Event, Registry
from iris_kedro.watcher.records.database import connect
from iris_kedro.watcher.records.reading import Record
from iris_kedro.watcher.records.store import Store

NEWEST = 100


class Records:
    """Reads what the project has recorded."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self.client = MlflowClient(project.tracking_uri)
        self.registry = Registry(MODEL, self.client)

    def aliases(self) -> dict[str, str]:
        """Return the version of each alias."""
        return dict(self.registry.aliases())

    def tags(self, version: str) -> dict[str, str]:
        """Return the tags of a version."""
        tags: dict[str, str] = self.client.get_model_version(MODEL, version).tags
        return tags

    def events(self) -> list[Event]:
        """Return the history of the model, oldest first."""
        return list(self.registry.history())

    def hold(self) -> Event | None:
        """Return the event that put releases on hold, if they are."""
        return self.registry.hold()

    def metrics(self, version: str) -> dict[str, float]:
        """Return the metrics of the run that registered a version."""
        run_id = self.client.get_model_version(MODEL, version).run_id
        metrics: dict[str, float] = self.client.get_run(str(run_id)).data.metrics
        return metrics

    def decisions(self) -> list[Record]:
        """Return the watcher's decisions, oldest first."""
        engine = connect(self._project.database, self._project.folder)
        try:
            return Store(engine, MODEL).list_decisions(NEWEST)
        finally:
            engine.dispose()

    def monitoring(self) -> dict[str, Any]:
        """Return the newest monitoring report; empty if there is none yet."""
        try:
            text = (self._project.reporting / "monitoring.json").read_text()
            report: dict[str, Any] = json.loads(text)
        except (FileNotFoundError, ValueError):  # missing, or being written
            return {}
        return report

    def count_rows(self) -> tuple[int, int]:
        """Return the numbers of stored predictions and labels."""
        engine = open_database(self._project.database)
        try:
            with engine.connect() as connection:
                rows = select(func.count()).select_from(predictions)
                labels = select(func.count()).select_from(feedback)
                return connection.scalar(rows) or 0, connection.scalar(labels) or 0
        finally:
            engine.dispose()
