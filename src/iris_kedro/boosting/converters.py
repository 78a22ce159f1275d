"""Converts boosted trees to ONNX, partly with onnxmltools."""

import copy
import sys
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from skl2onnx import update_registered_converter
from skl2onnx.common.shape_calculator import calculate_linear_classifier_output_shapes
from skl2onnx.operator_converters.random_forest import (
    convert_sklearn_random_forest_classifier,
)
from sklearn.ensemble import HistGradientBoostingClassifier

OPTIONS = {"nocl": [True, False], "zipmap": [True, False, "columns"]}
MORE_OPTIONS = ("raw_scores", "output_class_labels")  # for scikit-learn's own


def register_converters() -> None:
    """Register the converters of the libraries that candidates have loaded."""
    _register_histogram_boosting()
    if "lightgbm" in sys.modules:
        _register_lightgbm()
    if "xgboost" in sys.modules:
        _register_xgboost()


class _RoundsDown:
    """Wraps a skl2onnx container to round the thresholds of trees down.

    LightGBM compares ``value <= threshold`` in double precision, ONNX in single
    precision. If a threshold is rounded up, it may become equal to a value, which then
    takes the other branch.
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


def _register_histogram_boosting() -> None:
    def convert(scope: Any, operator: Any, container: Any) -> None:
        operator.raw_operator = _round_thresholds(operator.raw_operator)
        convert_sklearn_random_forest_classifier(scope, operator, container)

    update_registered_converter(
        HistGradientBoostingClassifier,
        "SklearnHistGradientBoostingClassifier",
        calculate_linear_classifier_output_shapes,
        convert,
        options={**OPTIONS, **{name: [True, False] for name in MORE_OPTIONS}},
    )


def _round_thresholds(
    model: HistGradientBoostingClassifier,
) -> HistGradientBoostingClassifier:
    """Return a copy that predicts the same for values of single precision.

    scikit-learn compares in double precision, as LightGBM does: see ``_RoundsDown``.
    """
    rounded = copy.deepcopy(model)
    for iteration in rounded._predictors:
        for tree in iteration:
            exact = tree.nodes["num_threshold"]
            tree.nodes["num_threshold"] = round_down(exact)
    return rounded


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
    from onnxmltools.convert.xgboost.operator_converters.XGBoost import convert_xgboost

    from .text_labels import XGBClassifier

    update_registered_converter(
        XGBClassifier,
        "XGBoostXGBClassifier",
        calculate_linear_classifier_output_shapes,
        convert_xgboost,
        options=OPTIONS,
    )
