"""The outside effects that Kedro and kedro-mlflow have no dataset for."""

from .files import BytesDataset, OnnxDataset, SourceDataset
from .registry import ModelRegistryDataset
from .tracking import CandidateRunsDataset, ProvenanceDataset, TrackedParquetDataset

__all__ = [
    "BytesDataset",
    "CandidateRunsDataset",
    "ModelRegistryDataset",
    "OnnxDataset",
    "ProvenanceDataset",
    "SourceDataset",
    "TrackedParquetDataset",
]
