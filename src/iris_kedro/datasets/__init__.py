"""Datasets for side effects that Kedro and kedro-mlflow do not provide.

They are imported lazily: processes that score rows need few of them, and MLflow and
scikit-learn take seconds to import.
"""

from typing import TYPE_CHECKING

import lazy_loader

if TYPE_CHECKING:
    from iris_kedro.datasets.batch.rows import RowsDataset
    from iris_kedro.datasets.batch.scores import ScoresDataset
    from iris_kedro.datasets.candidates import CandidateRunsDataset
    from iris_kedro.datasets.models.files import BytesDataset, OnnxDataset
    from iris_kedro.datasets.models.latency import OnnxLatencyDataset
    from iris_kedro.datasets.models.registry import ModelRegistryDataset
    from iris_kedro.datasets.models.released import ReleasedModelDataset
    from iris_kedro.datasets.models.tag import RegistryTagDataset
    from iris_kedro.datasets.predictions import PredictionsDataset
    from iris_kedro.datasets.raw.archive import RawArchiveDataset
    from iris_kedro.datasets.raw.labelled_rows import LabelledRowsDataset
    from iris_kedro.datasets.raw.source import SourceDataset
    from iris_kedro.datasets.tracking import (
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
    "RegistryTagDataset",
    "ReleasedModelDataset",
    "RowsDataset",
    "ScoresDataset",
    "SourceDataset",
    "TrackedParquetDataset",
]
__getattr__, __dir__, _ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "batch.rows": ["RowsDataset"],
        "batch.scores": ["ScoresDataset"],
        "candidates": ["CandidateRunsDataset"],
        "models.files": ["BytesDataset", "OnnxDataset"],
        "models.latency": ["OnnxLatencyDataset"],
        "models.registry": ["ModelRegistryDataset"],
        "models.released": ["ReleasedModelDataset"],
        "models.tag": ["RegistryTagDataset"],
        "predictions": ["PredictionsDataset"],
        "raw.archive": ["RawArchiveDataset"],
        "raw.labelled_rows": ["LabelledRowsDataset"],
        "raw.source": ["SourceDataset"],
        "tracking": [
            "MetricsDataset",
            "ProvenanceDataset",
            "TrackedParquetDataset",
        ],
    },
)
