"""Nodes that turn candidates into ONNX models and prove that they agree."""

import logging
from textwrap import shorten
from typing import Any

import numpy as np
import onnx
import pandas as pd
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as onnxruntime_errors
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from skl2onnx.common.exceptions import MissingConverter, MissingShapeCalculator

from iris_kedro.errors import ProjectError
from iris_kedro.model.candidates import Evaluation, ExportedCandidate, TrainedCandidate
from iris_kedro.model.contract import (
    Contract,
    FeatureContract,
    GoldenRows,
    SplitContract,
    TargetContract,
    TrainingStatistics,
)
from iris_kedro.model.provenance import Lineage
from iris_kedro.model.scoring import INPUT, OnnxScorer
from iris_kedro.specification import Dataset, Export, Split
from iris_kedro.specification.split import is_held_out

logger = logging.getLogger(__name__)

# They have no base of their own.
ONNX_RUNTIME_ERRORS = (
    onnxruntime_errors.Fail,
    onnxruntime_errors.InvalidArgument,
    onnxruntime_errors.InvalidGraph,
    onnxruntime_errors.NotImplemented,
    onnxruntime_errors.RuntimeException,
)


class ParityError(Exception):
    """The ONNX model does not answer as the scikit-learn model does."""


def export_onnx(
    trained: TrainedCandidate,
    train_data: pd.DataFrame,
    dataset: Dataset,
    export: Export,
) -> ExportedCandidate:
    """Convert a candidate to ONNX; prove parity on training and on random rows.

    A candidate that cannot be converted, or differs, is not releasable; the others
    go on.
    """
    rows = train_data[dataset.columns].to_numpy(float)
    generator = np.random.default_rng(export.random_state)
    random_rows = generator.uniform(
        rows.min(axis=0), rows.max(axis=0), (export.random_rows, rows.shape[1])
    )
    # What the service gets is single precision, so the random rows are as well.
    X = np.vstack([rows, random_rows]).astype(np.float32)
    return _export(trained, X, export)


def describe_challenger(
    best: ExportedCandidate,
    evaluation: Evaluation,
    train_data: pd.DataFrame,
    test_data: pd.DataFrame,
    lineage: Lineage,
    dataset: Dataset,
    split: Split,
    export: Export,
) -> onnx.ModelProto:
    """Embed the contract in the chosen model.

    Raises:
        ProjectError: If the model is not releasable, or the rows were not split as
            the contract would say.
    """
    _check_split(train_data, test_data, dataset, split)
    model = best.model
    if model is None:
        raise ProjectError(f"{best.name} is not releasable: {best.reason}")
    labels = train_data[dataset.target.name]
    # scikit-learn orders classes, and so the probability columns, alphabetically.
    classes = sorted(dataset.target.classes)
    contract = Contract(
        name=dataset.name,
        candidate=best.name,
        data_digest=lineage.data_digest,
        features=[
            FeatureContract(
                name=name,
                **feature.model_dump(),
                training=TrainingStatistics.from_values(train_data[name]),
            )
            for name, feature in dataset.features.items()
        ],
        target=TargetContract(
            name=dataset.target.name,
            description=dataset.target.description,
            classes=classes,
            training_counts=[int((labels == name).sum()) for name in classes],
        ),
        golden_rows=_choose_golden_rows(model, train_data, dataset, export),
        split=SplitContract(salt=split.salt, test_size=split.test_size),
        metrics=evaluation.metrics,
        typical_rows=_find_typical_rows(train_data, dataset),
        training_fingerprint=lineage.fingerprint,
    )
    return contract.embed(model)


def _export(
    trained: TrainedCandidate, X: NDArray[np.float32], export: Export
) -> ExportedCandidate:
    try:
        model = _convert(trained.model, X.shape[1])
        _check_parity(trained.model, model, X, export.tolerance)
    except (
        MissingConverter,
        MissingShapeCalculator,
        ParityError,
        *ONNX_RUNTIME_ERRORS,
        # What skl2onnx raises on estimators that it half knows.
        AttributeError,
        LookupError,
        NameError,
        NotImplementedError,
        RuntimeError,
        TypeError,
        ValueError,
    ) as error:
        reason = f"{type(error).__name__}: {shorten(str(error), 300, placeholder='…')}"
        logger.warning("%s is not releasable: %s", trained.name, reason)
        return ExportedCandidate(trained, None, reason)
    return ExportedCandidate(trained, model)


def _convert(model: Any, n_features: int) -> onnx.ModelProto:
    converted: onnx.ModelProto = to_onnx(
        model,
        initial_types=[(INPUT, FloatTensorType([None, n_features]))],
        options={"zipmap": False},
    )
    return converted


def _check_parity(
    original: Any, model: onnx.ModelProto, X: NDArray[np.float32], tolerance: float
) -> None:
    scores = OnnxScorer(model).score(X)
    expected = original.predict_proba(X.astype(float))
    difference = np.abs(scores.probabilities - expected).max(axis=1)
    differs = ~(difference <= tolerance)  # so that NaN differs as well
    if differs.any():
        raise ParityError(
            f"probabilities differ by up to {difference.max():.2g} from"
            f" scikit-learn's, on {differs.sum()} of {len(X)} rows;"
            f" the tolerance is {tolerance:g}"
        )
    second, first = np.sort(expected, axis=1)[:, -2:].T
    # Where the two best probabilities tie, either label is right.
    mistaken = (scores.labels != original.predict(X.astype(float))) & (
        first - second > tolerance
    )
    if mistaken.any():
        raise ParityError(f"labels differ from scikit-learn's on {mistaken.sum()} rows")


def _check_split(
    train_data: pd.DataFrame, test_data: pd.DataFrame, dataset: Dataset, split: Split
) -> None:
    # The gate relies on the contract to tell which rows a model was trained on.
    trained_on, held_out = (
        is_held_out(rows[dataset.columns], split.salt, split.test_size)
        for rows in (train_data, test_data)
    )
    if trained_on.any() or not held_out.all():
        raise ProjectError(
            "training and held-out rows in data/03_primary were split with other"
            " parameters than data_engineering.split says now: run data_engineering"
            " again"
        )


def _find_typical_rows(
    train_data: pd.DataFrame, dataset: Dataset
) -> dict[str, list[float]]:
    medians = train_data.groupby(dataset.target.name)[dataset.columns].median()
    return {str(name): row.tolist() for name, row in medians.iterrows()}


def _choose_golden_rows(
    model: onnx.ModelProto, train_data: pd.DataFrame, dataset: Dataset, export: Export
) -> GoldenRows:
    # Each class in turn, so that a service that mixes up classes cannot pass.
    order = train_data.groupby(dataset.target.name).cumcount().sort_values()
    rows = train_data.loc[order.index[: export.golden_rows], dataset.columns]
    scores = OnnxScorer(model).score(rows.to_numpy())
    return GoldenRows(
        inputs=rows.to_numpy().tolist(),
        predictions=scores.labels.tolist(),
        probabilities=scores.probabilities.astype(float).tolist(),
        tolerance=export.tolerance,
    )
