"""NumPy and ONNX Runtime give the same results for an expression."""

import re

import numpy as np
import onnxruntime
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.base import clone

from iris_kedro.derived.transformer import DerivedFeatures

COLUMNS = ["a", "b", "c"]
SINGLE = st.floats(width=32, allow_infinity=False)
VALUES = st.sampled_from([np.nan, 0, -0.0, 1, -1, 0.1, 3e38, -3e38, 1e-40]) | SINGLE
LEAVES = st.sampled_from(COLUMNS) | st.floats(0, 1e6).map(repr)


def extend(parts):
    """Combine expressions to longer ones."""
    two = st.tuples(parts, parts)
    operators = st.sampled_from(["+", "-", "*", "/", "<", "<=", ">", ">=", "==", "!="])
    return (
        st.tuples(operators, two).map(lambda each: f"({each[0].join(each[1])})")
        | parts.map(lambda part: f"-{part}")
        | st.tuples(st.sampled_from(["sqrt", "abs", "log1p"]), parts).map(
            lambda each: f"{each[0]}({each[1]})"
        )
        | st.tuples(st.sampled_from(["min", "max"]), two).map(
            lambda each: f"{each[0]}({', '.join(each[1])})"
        )
    )


EXPRESSIONS = st.recursive(LEAVES, extend, max_leaves=12).filter(
    re.compile(r"\b[abc]\b").search
)


def derive(expressions):
    return DerivedFeatures(expressions, COLUMNS)


def run_onnx(transformer, rows):
    width = len(transformer.columns)
    model = to_onnx(
        transformer, initial_types=[("rows", FloatTensorType([None, width]))]
    )
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return session.run(None, {"rows": rows.astype(np.float32)})[0]


@pytest.mark.slow
@given(
    texts=st.lists(EXPRESSIONS, min_size=1, max_size=3),
    rows=arrays(np.float32, st.tuples(st.integers(1, 9), st.just(3)), elements=VALUES),
)
@settings(max_examples=300)
def test_onnx_computes_what_numpy_computes(texts, rows):
    transformer = derive({f"d{place}": text for place, text in enumerate(texts)})

    expected = transformer.transform(rows)

    # Logarithms of two libraries may differ in the last bit of a double, and sums of
    # them in the last bit of a single; everything else is equal bit by bit.
    tolerance = 2.0**-22 if "log" in "".join(texts) else 0
    np.testing.assert_allclose(run_onnx(transformer, rows), expected, rtol=tolerance)


@pytest.mark.parametrize("rows", [1, 3, 4, 1_000])
def test_logarithms_are_the_same_in_tables_of_any_length(rows):
    transformer = derive({"log": "log1p(a)", "ratio": "log1p(a) / log1p(b)"})
    table = np.random.default_rng(0).lognormal(0, 8, (rows, 3))

    expected = transformer.transform(table)

    np.testing.assert_allclose(run_onnx(transformer, table), expected, rtol=2.0**-22)


def test_table_and_array_give_the_same():
    transformer = derive({"sum": "a + b", "larger": "a > c"})
    rows = np.array([[1, 2, 3], [0.1, np.nan, -1]])

    of_table = transformer.fit_transform(pd.DataFrame(rows, columns=COLUMNS))

    np.testing.assert_array_equal(of_table, transformer.transform(rows))
    np.testing.assert_array_equal(of_table, [[3, 0], [np.nan, 1]])


def test_rows_are_rounded_as_the_service_does():
    transformer = derive({"is_limit": "a == 19.79"})

    assert transformer.transform(np.array([[19.79, 0, 0]])) == 1


@pytest.mark.parametrize(
    ("value", "comparison"),
    [(4.9, "a <= 4.9"), (7.1, "a >= 7.1"), (0.1, "a == 0.1"), (-0.1, "a == -0.1")],
)
def test_value_at_a_limit_is_compared_as_it_is_written(value, comparison):
    transformer = derive({"is_limit": comparison})
    rows = np.array([[value, 0, 0]])

    assert transformer.transform(rows) == 1
    assert run_onnx(transformer, rows) == 1


def test_product_too_large_for_single_precision_is_missing():
    transformer = derive({"product": "a * b"})
    rows = np.array([[1e30, 1e30, 0]])

    assert np.isnan(transformer.transform(rows)).all()
    assert np.isnan(run_onnx(transformer, rows)).all()


def test_transformer_is_one_of_scikit_learn():
    transformer = derive({"sum": "a + b", "larger": "a > c"})

    names = clone(transformer).fit(np.zeros((2, 3))).get_feature_names_out()

    assert names.tolist() == ["sum", "larger"]
