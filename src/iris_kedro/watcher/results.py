"""Reads the results of the watcher's runs from MLflow and the registry."""

import logging
from pathlib import Path, PurePosixPath

from mlflow.entities import Run
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from iris_kedro.datasets.raw.archive import LABELLED_ROWS, RAW_DATA
from iris_kedro.datasets.raw.locations import read_location
from iris_kedro.errors import ProjectError
from iris_kedro.hooks.tracking import DECISION
from iris_kedro.registry import (
    NOTE,
    PRODUCTION,
    SHARE,
    VERDICT,
    Registry,
    find_outcomes,
)
from iris_kedro.registry.releases import was_refused
from iris_kedro.registry.storage.registered_model import RegisteredModel
from iris_kedro.watcher.records.store import Result
from iris_kedro.watcher.rules import Outcome
from iris_kedro.watcher.triggers.labels import Label, parse_labels

logger = logging.getLogger(__name__)

LAST_DECISION = "watcher.last_decision"  # of the registered model


class Results:
    """Reads the results of runs, and publishes the last decision in MLflow.

    Every method raises MlflowException if MLflow cannot be reached.
    """

    def __init__(self, model: RegisteredModel, experiment: str, project: Path) -> None:
        self._model = model
        self._experiment = experiment
        self._project = project

    def recover(self) -> None:
        """Complete an interrupted release; fail if MLflow is unreachable."""
        Registry(self._model.name, self._model.client).recover()

    def find(self, decision: str) -> Result | None:
        """Return the result of a run that registered a version; None if it did not."""
        runs = self._search(decision)
        outcomes = find_outcomes(self._model.versions())
        versions = [
            outcomes[run.info.run_id] for run in runs if run.info.run_id in outcomes
        ]
        return _describe(versions[-1]) if versions else None

    def read_labels(self, decision: str) -> list[Label] | None:
        """Return the labels that a run has used; None if it used none."""
        for run in self._search(decision):
            address = run.data.tags.get(LABELLED_ROWS)
            if address is not None:
                return self.load_labels(address)
        return None

    def find_labels(self) -> str | None:
        """Return the location of the labels of the newest version that has any."""
        found = (each.tags.get(LABELLED_ROWS) for each in self._model.versions())
        return next(filter(None, reversed(list(found))), None)

    def load_labels(self, address: str) -> list[Label] | None:
        """Return the labels stored by a training; None if they cannot be read."""
        try:
            return list(parse_labels(read_location(address, str(self._project))))
        except (MlflowException, OSError, ProjectError, ValueError) as error:
            logger.warning(
                "All labels count as new, because the used ones are unknown: %s", error
            )
            return None

    def find_source(self) -> tuple[str, float] | None:
        """Return the digest of the newest version's raw file, and its creation time."""
        versions = [each for each in self._model.versions() if RAW_DATA in each.tags]
        if not versions:
            return None
        digest = PurePosixPath(versions[-1].tags[RAW_DATA]).stem
        return digest, versions[-1].creation_timestamp / 1000

    def find_production(self) -> tuple[str, float] | None:
        """Return the version in Production, and when it was registered."""
        number = self._model.read().aliases.get(PRODUCTION)
        if number is None:
            return None
        return number, self._model.get_version(number).creation_timestamp / 1000

    def publish(self, text: str) -> None:
        """Record the last decision, once there is a registered model."""
        if self._model.exists():
            self._model.set_tag(LAST_DECISION, text)

    def _search(self, decision: str) -> list[Run]:
        tagged = f"tags.`{DECISION}` = '{decision}'"
        return list(self._model.client.search_runs([self._experiment], tagged))


def _describe(version: ModelVersion) -> Result:
    outcome = Outcome.RELEASED
    if was_refused(version):
        outcome = Outcome.REFUSED
    elif SHARE in version.tags:
        outcome = Outcome.CANARY
    elif NOTE in version.tags:
        outcome = Outcome.HELD
    return Result(outcome, str(version.version), version.tags.get(VERDICT, ""))
