"""How rows are split, candidates trained, and models exported."""

from typing import Annotated, Literal

from pydantic import Field

from .base import Count, Parameters, Seed, Share


class Split(Parameters):
    """How rows are assigned to training and held-out data."""

    test_size: Share
    salt: str
    minimum_rows_per_class: Count


class Training(Parameters):
    """How candidates are searched and cross-validated, with scikit-learn's names."""

    scoring: Literal[
        "neg_log_loss",
        "accuracy",
        "balanced_accuracy",
        "roc_auc",
        "average_precision",
        "f1",
    ]
    folds: Annotated[int, Field(ge=2)]
    repeats: Count
    random_state: Seed
    n_jobs: Count


class Export(Parameters):
    """How closely an ONNX model must agree with its scikit-learn original."""

    tolerance: Share
    mismatch_rate: Annotated[float, Field(ge=0, lt=1)] = 0.0
    random_rows: Count
    golden_rows: Count
    random_state: Seed
