import numpy as np
import pytest

from iris_kedro.derived.computation import compute
from iris_kedro.derived.expression import parse

NAN = np.nan


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a + b", [3, NAN, -4]),
        ("a - 2 * b", [-3, NAN, 5]),
        ("a / b", [0.5, NAN, 1 / 3]),
        ("-a", [-1, 0, 1]),
        ("abs(a)", [1, 0, 1]),
        ("sqrt(a)", [1, 0, NAN]),
        ("log1p(a)", [np.log(2), 0, NAN]),
        ("min(a, b, 1.5)", [1, NAN, -3]),
        ("max(a, b)", [2, NAN, -1]),
        ("a < b", [1, NAN, 0]),
        ("a >= -1", [1, 1, 1]),
        ("a == 1", [1, 0, 0]),
        ("b != 2", [0, NAN, 1]),
        ("(a > 0) * b", [2, NAN, 0]),
    ],
)
def test_result_of_a_missing_value_is_missing(text, expected):
    columns = {"a": np.array([1.0, 0, -1]), "b": np.array([2, NAN, -3])}

    result = compute(parse(text, columns), columns)

    np.testing.assert_allclose(result, expected)


@pytest.mark.parametrize(
    "text",
    [
        "1 / zero",
        "zero / zero",
        "min(1 / zero, 5)",
        "1 / zero > 3",
        "1 / (1 / zero)",
        "log1p(-1 + zero)",
        "sqrt(zero - 1)",
        "(zero + 3e38)" + 8 * " * 3e38",  # too large for double precision
    ],
)
def test_undefined_number_is_missing(text):
    columns = {"zero": np.array([0.0])}

    assert np.isnan(compute(parse(text, columns), columns))
