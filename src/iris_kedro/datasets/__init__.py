"""The outside effects that Kedro and kedro-mlflow have no dataset for."""

from iris_kedro.datasets.batch.rows import RowsDataset
from iris_kedro.datasets.batch.scores import ScoresDataset
from iris_kedro.datasets.models.files import BytesDataset, OnnxDataset
from iris_kedro.datasets.models.latency import OnnxLatencyDataset
from iris_kedro.datasets.models.registry import ModelRegistryDataset
from iris_kedro.datasets.models.released import ReleasedModelDataset
from iris_kedro.datasets.predictions import PredictionsDataset
from iris_kedro.datasets.raw.archive import RawArchiveDataset
from iris_kedro.datasets.raw.labelled_rows import LabelledRowsDataset
from iris_kedro.datasets.raw.source import SourceDataset
from iris_kedro.datasets.tracking import (
    CandidateRunsDataset,
    MetricsDataset,
    ProvenanceDataset,
    TrackedParquetDataset,
)

__all__ = [
    "BytesDataset",
    "CandidateRunsDataset",
    "LabelledRowsDataset",
    "MetricsDataset",
    "ModelRegistryDataset",
    "OnnxDataset",
    "OnnxLatencyDataset",
    "PredictionsDataset",
    "ProvenanceDataset",
    "RawArchiveDataset",
    "ReleasedModelDataset",
    "RowsDataset",
    "ScoresDataset",
    "SourceDataset",
    "TrackedParquetDataset",
]
