"""A run in MLflow for each candidate, below the run that trained it."""

import time
from importlib.metadata import packages_distributions
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

import mlflow
import skops.io
from kedro.io import AbstractDataset, DatasetError
from mlflow.entities import Metric, Param, RunTag
from mlflow.tracking import MlflowClient

from iris_kedro.datasets.models.code import (
    copy_code,
    list_own_parts,
    list_requirements,
    pin_requirements,
)
from iris_kedro.model.candidates import CandidateRecord, name_metric, show_values
from iris_kedro.style import words
from iris_kedro.tracking.candidates import CANDIDATE
from iris_kedro.tracking.names import name_entity, shorten_value
from iris_kedro.tracking.parameters import list_fitted_parameters


class CandidateRunsDataset(AbstractDataset[list[CandidateRecord], NoReturn]):
    """A child run in MLflow for each candidate."""

    def __init__(self, metadata: dict[str, Any] | None = None) -> None:
        self.metadata = metadata

    def save(self, data: list[CandidateRecord]) -> None:
        """Log each candidate in a run below the active one."""
        for record in data:
            with mlflow.start_run(
                run_name=words(record.candidate.name), nested=True
            ) as run:
                self._log(record, run.info.run_id)

    def load(self) -> NoReturn:
        """Refuse to read, because the runs are in MLflow."""
        raise DatasetError("candidate runs cannot be loaded: look at them in MLflow")

    def _describe(self) -> dict[str, Any]:
        return {}

    def _log(self, record: CandidateRecord, run_id: str) -> None:
        # In one call, because each call is a database transaction.
        MlflowClient().log_batch(
            run_id, metrics=_metrics(record), params=_params(record), tags=_tags(record)
        )
        mlflow.log_table(_tabulate(record.candidate.trained.points), "search.json")
        types = _trusted_types(record)
        parts = list_own_parts(types)
        others = *_list_other_packages(record), *list_requirements(parts)
        with TemporaryDirectory() as folder:
            mlflow.sklearn.log_model(
                record.candidate.trained.model,
                name="model",
                code_paths=[copy_code(parts, Path(folder))] if parts else None,
                pip_requirements=pin_requirements(
                    "scikit-learn", "skops", "numpy", *others
                ),
                skops_trusted_types=types,
            )


def _metrics(record: CandidateRecord) -> list[Metric]:
    validation = record.candidate.trained.cross_validation
    now = int(time.time() * 1000)
    metrics = []  # by default, MLflow compares runs by the first one
    for name, score in validation.summarize().items():
        metrics.append(Metric(f"cv/{name}", score["mean"], now, 0))
        metrics.append(
            Metric(f"cv/{name}_standard_error", score["standard_error"], now, 0)
        )
    # Each fold is a step, so that MLflow draws a line.
    return metrics + [
        Metric(f"folds/{name_metric(scoring)}", value, now, fold)
        for scoring, scores in validation.scores.items()
        for fold, value in enumerate(show_values(scoring, scores).tolist())
    ]


def _params(record: CandidateRecord) -> list[Param]:
    trained = record.candidate.trained
    return [
        Param(name_entity(name), shorten_value(value))
        for name, value in list_fitted_parameters(
            trained.specification, trained.best_parameters
        )
    ]


def _tags(record: CandidateRecord) -> list[RunTag]:
    candidate = record.candidate
    values = {
        CANDIDATE: candidate.name,
        "releasable": candidate.is_releasable,
        "chosen": record.is_chosen,
    }
    if candidate.reason:
        values["not_releasable_because"] = candidate.reason
    return [RunTag(name, str(value)) for name, value in values.items()]


def _tabulate(points: list[dict[str, Any]]) -> dict[str, list[Any]]:
    # As text, because the values of a parameter may have several types, or be missing.
    return {name: [str(point[name]) for point in points] for name in points[0]}


def _list_other_packages(record: CandidateRecord) -> list[str]:
    libraries = record.candidate.trained.specification.list_packages()
    others = libraries & {"lightgbm", "xgboost"}
    if not others:
        return []  # listing the installed packages takes a while
    names = packages_distributions()  # xgboost may come from xgboost-cpu
    return [names[library][0] for library in sorted(others)]


def _trusted_types(record: CandidateRecord) -> list[str]:
    # The model was just fitted in this process, so types of scikit-learn, NumPy, this
    # package and the packages of configured classes can be trusted. LightGBM keeps
    # scores in a container of the standard library.
    trained = record.candidate.trained
    packages = {
        "collections",
        "numpy",
        "sklearn",
        "iris_kedro",
        *trained.specification.list_packages(),
    }
    untrusted = skops.io.get_untrusted_types(data=skops.io.dumps(trained.model))
    return [name for name in untrusted if name.partition(".")[0] in packages]
