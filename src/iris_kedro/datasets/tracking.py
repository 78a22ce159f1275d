"""Datasets that MLflow records with a run and kedro-mlflow does not provide."""

from ast import literal_eval
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

import mlflow
import pandas as pd
from kedro.io import AbstractDataset, DatasetError
from kedro_datasets._typing import TablePreview
from kedro_datasets.json import JSONDataset
from kedro_datasets.pandas import ParquetDataset
from mlflow.data.pandas_dataset import from_pandas
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from iris_kedro.configuration import PROJECT
from iris_kedro.model.provenance import (
    TRAINING_CODE,
    Provenance,
    digest_files,
    list_packages,
    read_git_commit,
)
from iris_kedro.tracking.names import name_entity
from iris_kedro.tracking.parameters import flatten


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
            # MLflow looks for a record of the data, then creates it. If another run has
            # created it in between, the second attempt finds it.
            mlflow.log_input(described, context=self._context)


class MetricsDataset(JSONDataset):
    """Metrics of the MLflow run that are also in a JSON file, where people see them.

    Args:
        prefix: The section of MLflow's charts that they are shown in.
        **json: Arguments of ``json.JSONDataset``.
    """

    def __init__(self, *, prefix: str, **json: Any) -> None:
        super().__init__(save_args={"indent": 2}, **json)
        self._prefix = prefix

    def save(self, data: dict[str, dict[str, float]]) -> None:
        """Write the file and log all metrics at once."""
        values = {name: metric["value"] for name, metric in data.items()}
        super().save(values)
        mlflow.log_metrics(
            {
                f"{self._prefix}/{name_entity(name)}": each
                for name, each in values.items()
            }
        )

    def preview(self) -> TablePreview:
        """Show the metrics of the last run as a table, for kedro-viz."""
        metrics = self.load()
        return TablePreview(
            {
                "index": list(range(len(metrics))),
                "columns": ["metric", "value"],
                "data": [[name, round(value, 6)] for name, value in metrics.items()],
            }
        )


class ProvenanceDataset(AbstractDataset[NoReturn, Provenance]):
    """The code, the dependencies and the MLflow run behind a result."""

    def __init__(self, metadata: dict[str, Any] | None = None) -> None:
        self.metadata = metadata

    def load(self) -> Provenance:
        """Read git, the source files and the installed versions."""
        run = mlflow.active_run()
        # The active run object only has the tags set at its start.
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
        """Refuse to write: provenance is only read."""
        raise DatasetError("provenance cannot be written")

    def _describe(self) -> dict[str, Any]:
        return {"project": str(PROJECT)}
