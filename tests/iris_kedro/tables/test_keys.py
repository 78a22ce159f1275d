import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iris_kedro.specification import Dataset
from iris_kedro.tables.keys import extract_keys, find_key_columns, name_key, read_times

DATASET = {
    "name": "shop",
    "source": "shop.csv",
    "target": {"name": "bought", "classes": ["no", "yes"]},
    "features": {"year": {"column": "Jahr", "minimum": 1900, "maximum": 2100}},
}


def describe(column, method="group"):
    return Dataset.model_validate(
        {**DATASET, "split": {"method": method, "column": column}}
    )


@pytest.mark.parametrize(
    ("column", "headers", "found"),
    [
        ("customer_id", ["Customer ID", "Jahr"], ["Customer ID"]),
        ("Customer ID", ["customer_id", "Jahr"], ["customer_id"]),
        ("customer_id", ["Customer ID", "customer_id"], ["customer_id"]),
        ("customer_id", ["Customer ID", "Customer-Id"], ["Customer ID", "Customer-Id"]),
        ("year", ["Jahr", "id"], ["Jahr"]),  # the feature
        ("Jahr", ["Jahr", "id"], ["Jahr"]),
        ("year", ["Jahr", "year"], ["year"]),  # a header comes before a feature
        ("顧客", ["顧客", "製品"], ["顧客"]),
        ("顧客", ["番号", "製品"], []),
        ("customer_id", ["Jahr", "id"], []),
    ],
)
def test_column_is_found_in_any_spelling(column, headers, found):
    data = pd.DataFrame(columns=headers)

    assert find_key_columns(data, describe(column)) == found


def test_name_of_the_key_column_cannot_be_a_feature():
    key = name_key(describe("customer_id").split)

    with pytest.raises(ValueError, match=key):
        Dataset.model_validate(
            {**DATASET, "features": {key: {"minimum": 0, "maximum": 1}}}
        )


def test_groups_are_texts_despite_missing_values():
    dataset = describe("id")
    whole = pd.DataFrame({"Jahr": [2020.0] * 3, "id": ["1", "02", "x"]})
    with_gap = pd.DataFrame({"Jahr": [2020.0] * 3, "id": ["1.0", None, "x"]})

    one, other = (extract_keys(raw, dataset)["group: id"] for raw in (whole, with_gap))

    assert one.tolist() == ["1", "02", "x"]
    assert other.isna().tolist() == [False, True, False]
    assert other[[0, 2]].tolist() == ["1", "x"]


def test_feature_can_be_the_group():
    raw = pd.DataFrame({"Jahr": [2020.0, None, 2021.5]})

    groups = extract_keys(raw, describe("year"))["group: year"]

    assert groups.dropna().tolist() == ["2020", "2021.5"]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["2021", "-3", "1e3", ".5"], [2021, -3, 1000, 0.5]),
        (["20240131", "20240201"], [20240131, 20240201]),
        (["2024-01-31", "2024-02-01"], ["2024-01-31", "2024-02-01"]),
        (["2024-01-31T12:00+02:00"], ["2024-01-31T10:00"]),
        (["2024-01-31 12:00:00.5", "2024-02"], ["2024-01-31T12:00:00.5", "2024-02-01"]),
        (["2024-01-31T12:00Z", "2024"], ["2024-01-31T12:00", "2024-01-01"]),
    ],
)
def test_times_are_numbers_or_dates(texts, expected):
    if isinstance(expected[0], str):
        expected = [pd.Timestamp(each, tz="UTC") for each in expected]

    assert read_times(pd.Series(texts)).tolist() == expected


@pytest.mark.parametrize(
    "texts",
    [
        ["2024-01-31", "31.12.2024", "2024-02-01"],
        ["2024-01-31", "today", "2024-02-01"],  # depends on the clock
        ["2024-01-31", "now", "2024-02-01"],
        ["2024-01-31", "17067", "2024-02-01"],
        ["1", "inf", "2"],
        ["1", "2024-01-31", "2"],
        ["1", "yesterday", "2"],
    ],
)
def test_invalid_times_are_missing(texts):
    assert read_times(pd.Series(texts)).isna().tolist() == [False, True, False]


@given(times=st.lists(st.datetimes(), min_size=1))
def test_dates_keep_their_order(times):
    read = read_times(pd.Series([each.isoformat() for each in times]))

    assert read.notna().all()
    assert read.argsort().tolist() == pd.Series(times).argsort().tolist()
