"""The transformer that computes derived features in a scikit-learn pipeline."""

from collections.abc import Callable
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from skl2onnx.common.data_types import FloatTensorType
from sklearn.base import BaseEstimator, TransformerMixin

from .computation import Floats, compute
from .conversion import Converter
from .expression import Expression, parse


class DerivedFeatures(TransformerMixin, BaseEstimator):
    """Computes derived features from the numbers of a row.

    The results are in single precision, as in ONNX, with NaN if there is no finite
    number.

    Args:
        expressions: Expressions by the names of the derived features.
        columns: Names of the numbers, in the order of the columns of ``X``.
    """

    def __init__(self, expressions: dict[str, str], columns: list[str]) -> None:
        self.expressions = expressions
        self.columns = columns

    def fit(self, X: Any, y: Any = None) -> Self:
        """Do nothing, because expressions have no parameters to learn."""
        self.n_features_in_ = np.shape(X)[1]
        return self

    def transform(self, X: Any) -> Floats:
        """Compute the derived features.

        Args:
            X: Array or table of shape (rows, columns), with NaN for missing values.

        Returns:
            Array of shape (rows, expressions).
        """
        single = np.asarray(X, np.float32)
        columns = dict(zip(self.columns, single.T.astype(float), strict=True))
        results = [compute(each, columns) for each in self._parse()]
        with np.errstate(over="ignore"):
            rounded = np.column_stack(results).astype(np.float32)
        return np.where(np.isinf(rounded), np.nan, rounded).astype(float)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Return the names of the derived features."""
        return np.array(list(self.expressions), object)

    # skl2onnx calls these methods of unknown transformers.

    def onnx_shape_calculator(self) -> Callable[..., None]:
        """Return a function that sets the shape of the output for skl2onnx."""

        def calculate_shape(operator: Any) -> None:
            rows = operator.inputs[0].get_first_dimension()
            operator.outputs[0].type = FloatTensorType([rows, len(self.expressions)])

        return calculate_shape

    def onnx_converter(self) -> Callable[..., None]:
        """Return a function that adds the nodes to skl2onnx's graph."""

        def convert(scope: Any, operator: Any, container: Any) -> None:
            (numbers,), (output,) = operator.inputs, operator.outputs
            converter = Converter(numbers, self.columns, container.target_opset)
            converter.convert(self._parse(), output).add_to(scope, container)

        return convert

    def _parse(self) -> list[Expression]:
        return [parse(each, self.columns) for each in self.expressions.values()]
