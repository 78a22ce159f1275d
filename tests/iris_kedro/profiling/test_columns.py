import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iris_kedro.profiling.columns import MOST_CATEGORIES, guess_feature, widen

COUNT = 200


def guess(values, name="value"):
    return guess_feature("Value", name, pd.Series(values, dtype=object))


def repeat(*values):
    return list(values) * (COUNT // len(values))


@pytest.mark.parametrize(
    ("values", "feature"),
    [
        (repeat("true", "false"), {"type": "boolean"}),
        (repeat("Yes", "no"), {"type": "boolean"}),
        (repeat("0", "1"), {"type": "boolean"}),
        (repeat("1", "2"), {"type": "integer", "minimum": 0, "maximum": 3}),
        (repeat("1.5", "2.5"), {"minimum": 1.0, "maximum": 3.0}),
        (repeat("-3", "7"), {"type": "integer", "minimum": -8, "maximum": 12}),
        (repeat("b", "a", "ß"), {"type": "category", "categories": ["a", "b", "ß"]}),
        (repeat("1", "x"), {"type": "category", "categories": ["1", "x"]}),
    ],
    ids=lambda each: ",".join(each[:2]) if isinstance(each, list) else "",
)
def test_type_is_guessed_from_the_values(values, feature):
    assert guess(values).feature == feature


@pytest.mark.parametrize(
    ("column", "values", "unit"),
    [
        ("Temp. (°C)", repeat("1.5", "2.5"), "°C"),
        ("Age (in\nyears) ", repeat("1", "2"), "in years"),
        ("Area ()", repeat("1", "2"), None),
        ("Mass (net) total", repeat("1", "2"), None),
        ("Port (name)", repeat("a", "b"), None),
    ],
)
def test_parentheses_at_the_end_of_a_header_are_the_unit(column, values, unit):
    feature = guess_feature(column, "value", pd.Series(values, dtype=object)).feature

    assert feature.get("unit") == unit


@pytest.mark.parametrize("gap", ["", "NA", " null "])
def test_gaps_make_a_feature_nullable_and_are_counted(gap):
    guessed = guess([*repeat("1.5", "2.5"), gap, gap])

    assert guessed.feature == {"minimum": 1.0, "maximum": 3.0, "nullable": True}
    assert guessed.evidence == "1.5 to 2.5; 2 of 202 missing"


@pytest.mark.parametrize(
    ("values", "name", "evidence"),
    [
        (repeat("same"), "x", "always 'same'"),
        (repeat(""), "x", "always empty"),
        ([str(n) for n in range(COUNT)], "x", "200 distinct whole numbers"),
        ([str(n) for n in range(COUNT)][::-1], "passenger_id", "an identifier"),
        (
            [f"Mr. {n}" for n in range(COUNT)],
            "x",
            "200 distinct texts, such as 'Mr. 0'",
        ),
        ([f"2024-01-{n % 28 + 1:02}" for n in range(COUNT)], "x", "dates such as"),
    ],
)
def test_uninformative_column_is_left_out(values, name, evidence):
    guessed = guess(values, name)

    assert guessed.feature is None
    assert evidence in guessed.evidence


def test_many_categories_are_cut_to_the_frequent_ones():
    values = [f"city {n % 60}" for n in range(1_000)] + ["city 59"] * 10

    feature = guess(values).feature

    assert len(feature["categories"]) == MOST_CATEGORIES
    assert "city 59" in feature["categories"]
    assert feature["unknown"] == "accept"


def test_few_whole_numbers_may_be_categories():
    assert guess(repeat("1", "2", "3")).evidence == (
        "1, 2, 3: change to a category if these are codes"
    )


def test_header_is_kept_if_it_differs_from_the_name():
    assert guess(repeat("1.5", "2.5")).entry["column"] == "Value"
    assert "column" not in guess_feature("x", "x", pd.Series(repeat("a", "b"))).entry


@given(low=st.floats(-1e9, 1e9), span=st.floats(1e-6, 1e9), is_whole=st.booleans())
def test_range_has_headroom_but_does_not_become_negative(low, span, is_whole):
    high = low + span
    if high <= low:
        return
    minimum, maximum = widen(low, high, is_whole=is_whole)

    assert minimum <= low < high <= maximum
    assert low < 0 or minimum >= 0
    assert maximum - high >= 0.49 * (high - low)
