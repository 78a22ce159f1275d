import pandas as pd
import pytest
from kedro.validation import DataValidationError

from iris_kedro.specification import Dataset
from iris_kedro.tables.keys import extract_keys
from iris_kedro.tables.validation import RawFileValidator

HEADER = ["sepal_length", "sepal_width", "petal_length", "petal_width", "species"]
GOOD = ["5.1", "3.5", "1.4", "0.2", "setosa"]


@pytest.fixture
def validate(dataset):
    def validate(method, column, header, *values, load_args=None):
        described = dataset.model_dump()
        described["load_args"] = load_args or {}
        described["split"] = {"method": method, "column": column}
        decimal = described["load_args"].get("decimal", ".")
        good = [each.replace(".", decimal) for each in GOOD]
        rows = pd.DataFrame(
            [[*good, value] for value in values], columns=[*HEADER, header]
        )
        return RawFileValidator("raw.csv", described).validate(rows)

    return validate


def test_missing_groups_are_left_to_cleaning(validate):
    data = validate("group", "plant", "Plant", "a", "", "NA", " b ")

    assert data["Plant"].isna().tolist() == [False, True, True, False]
    assert data["Plant"].iloc[3] == "b"


@pytest.mark.parametrize(
    ("column", "header", "message"),
    [
        ("plant", "garden", "has no column 'plant', which dataset.split names; it has"),
        ("species", "garden", "dataset.split names 'species', which is the target"),
        ("Species (Latin)", "x", "'Species .Latin.', which is the target"),
        ("sepal_width_2", "x", "'sepal_length', .* 'species', 'x'"),
    ],
)
def test_column_that_rows_cannot_be_split_by_is_named(
    validate, column, header, message
):
    with pytest.raises(DataValidationError, match=message):
        validate("group", column, header, "a")


def test_columns_that_are_spelt_alike_are_named(dataset):
    described = dataset.model_dump()
    described["split"] = {"method": "group", "column": "plant"}
    rows = pd.DataFrame([[*GOOD, "a", "b"]], columns=[*HEADER, "Plant", "PLANT"])

    with pytest.raises(DataValidationError, match="several columns for 'plant'"):
        RawFileValidator("raw.csv", described).validate(rows)


def test_bad_times_are_named_with_their_rows(validate):
    with pytest.raises(DataValidationError) as caught:
        validate("time", "day", "Day", "2024-01-31", "1 May", "", "2024-02-01", "x")

    lines = [failure.message for failure in caught.value.failures]
    assert [line.split(", expected")[0] for line in lines] == [
        "raw.csv row 3 has '1 May'",
        "raw.csv row 6 has 'x'",
    ]
    assert "a date in ISO 8601 such as 2024-01-31" in lines[0]
    assert [failure.column for failure in caught.value.failures] == ["Day", "Day"]


GERMAN = {"decimal": ",", "thousands": "."}
ENGLISH = {"thousands": ","}


@pytest.mark.parametrize(
    ("load_args", "texts", "expected"),
    [
        (GERMAN, ["1.000", "999", " 1,5 ", "1.234.567,5"], [1000, 999, 1.5, 1234567.5]),
        (ENGLISH, ["1,000", "999", "", "-1,234.5"], [1000, 999, None, -1234.5]),
        ({"decimal": ","}, ["1,5", "2"], [1.5, 2]),
        (GERMAN, ["2024-01-31T12:00:00.500"], [pd.Timestamp("2024-01-31T12:00:00.5Z")]),
    ],
)
def test_times_are_read_with_the_marks_of_the_file(
    validate, dataset, load_args, texts, expected
):
    split = {"method": "time", "column": "day"}
    described = Dataset.model_validate({**dataset.model_dump(), "split": split})

    rows = validate("time", "day", "Day", *texts, load_args=load_args)

    (times,) = extract_keys(rows, described).values()
    assert times.astype(object).where(times.notna(), None).tolist() == expected


@pytest.mark.parametrize("text", ["31.12.2024", "31.12.24", "12.2024", "1.5"])
def test_time_with_wrong_separators_is_named(validate, text):
    with pytest.raises(DataValidationError) as caught:
        validate("time", "day", "Day", "1.000", text, "2.000", load_args=GERMAN)

    (failure,) = caught.value.failures
    assert failure.message.startswith(f"raw.csv row 3 has '{text}', expected a number")


def test_any_text_can_be_a_group(validate):
    assert len(validate("group", "plant", "plant", "1 May", "x", "2024-01-31")) == 3
