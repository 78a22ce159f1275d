"""The node that converts a candidate to ONNX and proves parity."""

import logging
from textwrap import shorten
from typing import Any

import onnx
import pandas as pd
from onnxruntime.capi import onnxruntime_pybind11_state as onnxruntime_errors
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from skl2onnx.common.exceptions import MissingConverter, MissingShapeCalculator

from iris_kedro.boosting.converters import register_converters
from iris_kedro.model.candidates import (
    ExportedCandidate,
    TrainedCandidate,
    UntrainedCandidate,
)
from iris_kedro.model.inputs import Inputs, arrange, to_tensors
from iris_kedro.specification import Dataset, Export

from .parity import ParityError, check_parity, draw_rows

logger = logging.getLogger(__name__)

# The newest ones that all converters support, by domain.
OPSETS = {"": 22, "ai.onnx.ml": 3}
# They have no common base class.
ONNX_RUNTIME_ERRORS = (
    onnxruntime_errors.Fail,
    onnxruntime_errors.InvalidArgument,
    onnxruntime_errors.InvalidGraph,
    onnxruntime_errors.NotImplemented,
    onnxruntime_errors.RuntimeException,
)


def export_onnx(
    trained: TrainedCandidate | UntrainedCandidate,
    train_data: pd.DataFrame,
    dataset: Dataset,
    export: Export,
) -> ExportedCandidate | UntrainedCandidate:
    """Convert a candidate to ONNX; prove parity on training and on random rows.

    A candidate that cannot be converted, or differs, is not releasable; the run
    continues with the others.
    """
    if isinstance(trained, UntrainedCandidate):
        return trained
    known = train_data[dataset.columns]
    rows = pd.concat([known, draw_rows(train_data, dataset, export)], ignore_index=True)
    return _export(trained, arrange(rows, dataset.features), export)


def _export(
    trained: TrainedCandidate, inputs: Inputs, export: Export
) -> ExportedCandidate:
    try:
        model = _convert(trained.model, inputs)
        check_parity(trained.model, model, inputs, export)
    except (
        MissingConverter,
        MissingShapeCalculator,
        ParityError,
        *ONNX_RUNTIME_ERRORS,
        # Errors of skl2onnx for estimators that it partly supports.
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


def _convert(model: Any, inputs: Inputs) -> onnx.ModelProto:
    register_converters()
    types = {True: StringTensorType, False: FloatTensorType}
    converted: onnx.ModelProto = to_onnx(
        model,
        initial_types=[
            (name, types[tensor.dtype == object]([None, tensor.shape[1]]))
            for name, tensor in to_tensors(inputs[:1]).items()
        ],
        target_opset=OPSETS,
        options={"zipmap": False},
    )
    # skl2onnx writes opsets in the order of a set, which differs between processes.
    opsets = sorted(converted.opset_import, key=lambda each: each.domain)
    del converted.opset_import[:]
    converted.opset_import.extend(opsets)
    return converted
