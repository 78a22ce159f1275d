"""The features of a model, by type, and their values in the input matrix.

In the matrix, a boolean is 0 or 1, a category its index, an unknown category the number
of categories, and a missing value NaN.
"""

from serving.model.features.discrete import (
    MISSING,
    UNKNOWN,
    Boolean,
    Category,
    Discrete,
)
from serving.model.features.feature import Feature
from serving.model.features.numbers import Integer, Number
from serving.model.features.reading import read_feature

__all__ = [
    "MISSING",
    "UNKNOWN",
    "Boolean",
    "Category",
    "Discrete",
    "Feature",
    "Integer",
    "Number",
    "read_feature",
]
