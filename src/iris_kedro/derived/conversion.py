"""Converts expressions to ONNX nodes with the same results as ``computation``."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto
from skl2onnx.algebra import onnx_ops

from .computation import COMPARISONS
from .expression import Column, Constant, Expression, Operation


class Converter:
    """Creates the ONNX nodes of expressions.

    Args:
        numbers: The tensor of the features, of shape (rows, features).
        columns: Names of the features, in their order.
        opset: Version of ONNX's operators.
    """

    def __init__(self, numbers: Any, columns: list[str], opset: int) -> None:
        self._opset = opset
        self._numbers = self._create("Cast", numbers, to=TensorProto.DOUBLE)
        self._columns = columns

    def convert(self, expressions: Iterable[Expression], output: Any) -> Any:
        """Return a node that fills the output, of shape (rows, expressions)."""
        results = [self._convert(each) for each in expressions]
        doubles = self._create("Concat", *results, axis=1)
        singles = self._create("Cast", doubles, to=TensorProto.FLOAT)
        return self._drop_infinities(singles, np.float32, output_names=[output])

    def _convert(self, expression: Expression) -> Any:
        match expression:
            case Constant(value):
                return np.array([value])
            case Column(name):
                place = np.array([self._columns.index(name)])
                return self._create("Gather", self._numbers, place, axis=1)
            case Operation(name, arguments):
                inputs = [self._convert(each) for each in arguments]
                result = self._create(name, *inputs)
                if name not in COMPARISONS:
                    return self._drop_infinities(result, np.float64)
                missing = self._create(
                    "Or", *(self._create("IsNaN", each) for each in inputs)
                )
                number = self._create("Cast", result, to=TensorProto.DOUBLE)
                return self._create("Where", missing, np.array([np.nan]), number)

    def _drop_infinities(self, values: Any, dtype: type, **options: Any) -> Any:
        missing: NDArray[Any] = np.array([np.nan], dtype)
        infinite = self._create("IsInf", values)
        return self._create("Where", infinite, missing, values, **options)

    def _create(self, operator: str, *inputs: Any, **options: Any) -> Any:
        node = getattr(onnx_ops, f"Onnx{operator}")
        return node(*inputs, op_version=self._opset, **options)
