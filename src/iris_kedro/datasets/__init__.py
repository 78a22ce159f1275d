"""The outside effects that Kedro and kedro-mlflow have no dataset for."""

from .files import BytesDataset, OnnxDataset
from .labelled_rows import LabelledRowsDataset
from .latency import OnnxLatencyDataset
from .predictions import PredictionsDataset
from .raw_archive import RawArchiveDataset
from .registry import ModelRegistryDataset
from .source import SourceDataset
from .tracking import (
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
    "SourceDataset",
    "TrackedParquetDataset",
]
