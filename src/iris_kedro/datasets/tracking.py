"""What MLflow records of a run and kedro-mlflow has no dataset for."""

import time
from ast import literal_eval
from datetime import UTC, datetime
from importlib.metadata import packages_distributions, version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

import mlflow
import pandas as pd
import skops.io
from kedro.io import AbstractDataset, DatasetError
from kedro_datasets._typing import TablePreview
from kedro_datasets.json import JSONDataset
from kedro_datasets.pandas import ParquetDataset
from kedro_mlflow.io.metrics import MlflowMetricsHistoryDataset
from mlflow.data.pandas_dataset import from_pandas
from mlflow.entities import Metric, Param, RunTag
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from iris_kedro.configuration import PROJECT
from iris_kedro.datasets.models.code import copy_code, list_own_parts, list_requirements
from iris_kedro.hooks.names import name_entity, shorten_value
from iris_kedro.hooks.tracking import flatten
from iris_kedro.model.candidates import CandidateRecord, name_metric, show_values
from iris_kedro.model.provenance import (
    TRAINING_CODE,
    Provenance,
    digest_files,
    list_packages,
    read_git_commit,
)


class TrackedParquetDataset(ParquetDataset):
    """A Parquet file that is also logged as an input of the MLflow run.

    Args:
        context: What the data is for, such as ``training``.
        target: Name of the column to predict.
        **parquet: Arguments of ``pandas.ParquetDataset``.
    """

    def __init__(self, *, context: str, target: str, **parquet: Any) -> None:
        super().__init__(**parquet)
        self._context = context
        self._target = target

    def save(self, data: pd.DataFrame) -> None:
        """Write the file and log its digest and schema."""
        super().save(data)
        described = from_pandas(
            data,
            source=str(self._filepath),
            targets=self._target,
            name=Path(str(self._filepath)).stem,
        )
        try:
            mlflow.log_input(described, context=self._context)
        except MlflowException:
            # MLflow looks for the data's record, then makes it. When another run made
            # it in between, it is there the second time.
            mlflow.log_input(described, context=self._context)


class MetricsDataset(MlflowMetricsHistoryDataset):
    """Metrics of the MLflow run that are also in a JSON file, where people see them.

    Args:
        filepath: Path of the file.
        **metrics: Arguments of kedro-mlflow's ``MlflowMetricsHistoryDataset``.
    """

    def __init__(self, *, filepath: str, **metrics: Any) -> None:
        super().__init__(**metrics)
        self._file = JSONDataset(filepath=filepath, save_args={"indent": 2})

    def preview(self) -> TablePreview:
        """Show the metrics of the last run as a table, for kedro-viz."""
        metrics = self._file.load()
        return TablePreview(
            {
                "index": list(range(len(metrics))),
                "columns": ["metric", "value"],
                "data": [[name, round(value, 6)] for name, value in metrics.items()],
            }
        )

    # Not `save`: Kedro makes that of `_save`, which kedro-mlflow has.
    def _save(self, data: dict[str, dict[str, float]]) -> None:
        super()._save({name_entity(name): metric for name, metric in data.items()})
        self._file.save({name: metric["value"] for name, metric in data.items()})

    def _describe(self) -> dict[str, Any]:
        return {**super()._describe(), **self._file._describe()}


class ProvenanceDataset(AbstractDataset[NoReturn, Provenance]):
    """The code, the dependencies and the MLflow run that are at work.

    Args:
        metadata: For plugins.
    """

    def __init__(self, metadata: dict[str, Any] | None = None) -> None:
        self.metadata = metadata

    def load(self) -> Provenance:
        """Read git, the source files and the installed versions."""
        run = mlflow.active_run()
        # What is active knows its tags as they were at its start.
        tags = MlflowClient().get_run(run.info.run_id).data.tags if run else {}
        given = literal_eval(tags.get("runtime_params", "{}"))  # by kedro-mlflow
        return Provenance(
            run_id=run.info.run_id if run else "",
            started_at=datetime.now(UTC).isoformat(timespec="seconds"),
            git_commit=read_git_commit(PROJECT),
            code_digest=digest_files(PROJECT / "src/iris_kedro", TRAINING_CODE),
            packages=list_packages(),
            env=tags.get("env", ""),
            parameters=dict(flatten(given)),
        )

    def save(self, data: NoReturn) -> None:
        """Refuse to write: provenance is only read.

        Raises:
            DatasetError: Always.
        """
        raise DatasetError("provenance cannot be written")

    def _describe(self) -> dict[str, Any]:
        return {"project": str(PROJECT)}


class CandidateRunsDataset(AbstractDataset[list[CandidateRecord], NoReturn]):
    """A child run in MLflow for each candidate.

    Args:
        metadata: For plugins.
    """

    def __init__(self, metadata: dict[str, Any] | None = None) -> None:
        self.metadata = metadata

    def save(self, data: list[CandidateRecord]) -> None:
        """Log each candidate in a run below the active one."""
        for record in data:
            with mlflow.start_run(run_name=record.candidate.name, nested=True) as run:
                self._log(record, run.info.run_id)

    def load(self) -> NoReturn:
        """Refuse to read: search the runs in MLflow.

        Raises:
            DatasetError: Always.
        """
        raise DatasetError("candidate runs are read in MLflow")

    def _describe(self) -> dict[str, Any]:
        return {}

    def _log(self, record: CandidateRecord, run_id: str) -> None:
        # All at once: each call of its own is a transaction of the database.
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
    # A fold is a step; what MLflow shows as the last value is the mean.
    metrics = [
        Metric(f"cv.{name_metric(scoring)}.folds", value, now, fold)
        for scoring, scores in validation.scores.items()
        for fold, value in enumerate(show_values(scoring, scores).tolist())
    ]
    for name, score in validation.summarize().items():
        metrics.append(Metric(f"cv.{name}", score["mean"], now, 0))
        metrics.append(
            Metric(f"cv.{name}.standard_error", score["standard_error"], now, 0)
        )
    return metrics


def _params(record: CandidateRecord) -> list[Param]:
    specification = record.candidate.trained.specification
    values = {
        "class": specification.class_path,
        "scale": specification.scale,
        "impute": specification.impute,
        "encode": specification.encode,
        **specification.parameters,
        **{f"best.{k}": v for k, v in record.candidate.trained.best_parameters.items()},
    }
    return [
        Param(name_entity(name), shorten_value(value)) for name, value in values.items()
    ]


def _tags(record: CandidateRecord) -> list[RunTag]:
    values = {
        "releasable": record.candidate.is_releasable,
        "not_releasable_because": record.candidate.reason,
        "chosen": record.is_chosen,
    }
    return [RunTag(name, str(value)) for name, value in values.items()]


def _tabulate(points: list[dict[str, Any]]) -> dict[str, list[Any]]:
    # As text, because a parameter may have values of several types, or none.
    return {name: [str(point[name]) for point in points] for name in points[0]}


def pin_requirements(*packages: str) -> list[str]:
    """Pin packages to the installed versions.

    Left alone, MLflow spends about 13 s a model on finding this out.
    """
    return [f"{package}=={version(package)}" for package in packages]


def _list_other_packages(record: CandidateRecord) -> list[str]:
    libraries = record.candidate.trained.specification.list_packages()
    others = libraries & {"lightgbm", "xgboost"}
    if not others:
        return []  # listing all that is installed takes a while
    names = packages_distributions()  # xgboost may come from xgboost-cpu
    return [names[library][0] for library in sorted(others)]


def _trusted_types(record: CandidateRecord) -> list[str]:
    # The model was fitted a moment ago, in this process: what it is made of by
    # scikit-learn, NumPy, this package and those of configured classes is trusted.
    # LightGBM keeps scores in a container of the standard library.
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
