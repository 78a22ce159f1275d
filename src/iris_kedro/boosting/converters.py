"""Conversion to ONNX, which skl2onnx leaves to onnxmltools."""

import sys
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from skl2onnx import update_registered_converter
from skl2onnx.common.shape_calculator import calculate_linear_classifier_output_shapes

OPTIONS = {"nocl": [True, False], "zipmap": [True, False, "columns"]}


def register_converters() -> None:
    """Register onnxmltools' converters of the libraries that candidates have loaded."""
    if "lightgbm" in sys.modules:
        _register_lightgbm()
    if "xgboost" in sys.modules:
        _register_xgboost()


class _RoundsDown:
    """A container of skl2onnx that rounds the thresholds of trees down.

    LightGBM compares ``value <= threshold`` in double precision, ONNX in single. If the
    threshold is rounded up, it may become one of the values, which then goes the other
    way.
    """

    def __init__(self, container: Any) -> None:
        self._container = container

    def __getattr__(self, name: str) -> Any:
        return getattr(self._container, name)

    def add_node(self, *arguments: Any, **attributes: Any) -> None:
        if "nodes_values" in attributes:
            attributes["nodes_values"] = round_down(attributes["nodes_values"])
        self._container.add_node(*arguments, **attributes)


def round_down(values: ArrayLike) -> NDArray[np.float32]:
    """Return the greatest numbers of single precision that are not above the values."""
    exact = np.asarray(values, np.float64)
    nearest = exact.astype(np.float32)
    below = np.nextafter(nearest, np.float32(-np.inf))
    return np.where(nearest > exact, below, nearest)


def _register_lightgbm() -> None:
    from lightgbm import LGBMClassifier
    from onnxmltools.convert.lightgbm.operator_converters.LightGbm import (
        convert_lightgbm,
    )

    def convert(scope: Any, operator: Any, container: Any) -> None:
        convert_lightgbm(scope, operator, _RoundsDown(container))

    update_registered_converter(
        LGBMClassifier,
        "LightGbmLGBMClassifier",
        calculate_linear_classifier_output_shapes,
        convert,
        options=OPTIONS,
    )


def _register_xgboost() -> None:
    from onnxmltools.convert.xgboost.operator_converters.XGBoost import (
        convert_xgboost,
    )

    from .text_labels import XGBClassifier

    update_registered_converter(
        XGBClassifier,
        "XGBoostXGBClassifier",
        calculate_linear_classifier_output_shapes,
        convert_xgboost,
        options=OPTIONS,
    )
