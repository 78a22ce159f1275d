"""A transformer as users write them, which tells skl2onnx how it is converted."""

import numpy as np
from skl2onnx.algebra.onnx_ops import OnnxSigmoid
from skl2onnx.common.data_types import FloatTensorType
from sklearn.base import BaseEstimator, TransformerMixin


class Squash(TransformerMixin, BaseEstimator):
    """Brings numbers between 0 and 1."""

    def fit(self, X, y=None):
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X):
        return 1 / (1 + np.exp(-X))

    def onnx_shape_calculator(self):
        def calculate_shape(operator):
            operator.outputs[0].type = FloatTensorType([None, self.n_features_in_])

        return calculate_shape

    def onnx_converter(self):
        def convert(scope, operator, container):
            OnnxSigmoid(
                operator.inputs[0],
                op_version=container.target_opset,
                output_names=operator.outputs,
            ).add_to(scope, container)

        return convert
