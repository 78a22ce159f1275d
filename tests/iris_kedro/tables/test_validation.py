from io import StringIO

import numpy as np
import pandas as pd
import pytest
from kedro.validation import DataValidationError

from iris_kedro.tables.reading import build_load_args
from iris_kedro.tables.validation import RawFileValidator, SourceValidator

HEADER = "sepal_length,sepal_width,petal_length,petal_width,species"
GOOD = "5.1,3.5,1.4,0.2,setosa"


@pytest.fixture
def validate(dataset):
    validator = RawFileValidator("raw.csv", dataset.model_dump(), "my.csv")

    def validate(*lines, header=HEADER):
        # As the catalog reads raw files.
        text = "\n".join([header, *lines]) + "\n"
        return validator.validate(pd.read_csv(StringIO(text), **build_load_args({})))

    return validate


def test_valid_rows_pass_unchanged(validate):
    data = validate(GOOD, "7.0,3.2,4.7,1.4,versicolor")

    assert data["sepal_length"].tolist() == [5.1, 7.0]
    assert data["species"].tolist() == ["setosa", "versicolor"]


def test_whole_numbers_become_decimal_numbers(validate):
    data = validate("5,3,1,1,setosa")

    assert data["sepal_length"].dtype == np.float64


@pytest.mark.parametrize(
    "row", [",3.5,1.4,0.2,setosa", "NaN,3.5,1.4,0.2,setosa", "5.1,3.5,1.4,0.2,"]
)
def test_missing_values_are_left_to_cleaning(validate, row):
    assert validate(GOOD, row).isna().sum().sum() == 1


@pytest.mark.parametrize(
    ("row", "column", "value", "wanted"),
    [
        ("abc,3.5,1.4,0.2,setosa", "sepal_length", "'abc'", "a number from 0.1 to 20"),
        ("5.1,3.5,1.4 cm,0.2,setosa", "petal_length", "'1.4 cm'", "a number from"),
        ("5.1,3.5,0.0,0.2,setosa", "petal_length", "0", "a number from 0.1 to 20"),
        ("-5.1,3.5,1.4,0.2,setosa", "sepal_length", "-5.1", "a number from 0.1 to 20"),
        ("5.1,3.5,1.4,20.1,setosa", "petal_width", "20.1", "a number from 0.1 to 20"),
        ("5.1,inf,1.4,0.2,setosa", "sepal_width", "inf", "a number from 0.1 to 20"),
        ("5.1,-inf,1.4,0.2,setosa", "sepal_width", "-inf", "a number from 0.1 to 20"),
        (
            "5.1,3.5,1.4,0.2,tulip",
            "species",
            "'tulip'",
            "one of 'setosa', 'versicolor'",
        ),
        (
            "5.1,3.5,1.4,0.2,Setosa",
            "species",
            "'Setosa'",
            "one of 'setosa', 'versicolor'",
        ),
        ("5.1,3.5,1.4,0.2,1", "species", "'1'", "one of 'setosa', 'versicolor'"),
    ],
)
def test_bad_value_is_named_with_file_line_and_column(
    validate, row, column, value, wanted
):
    with pytest.raises(DataValidationError) as caught:
        validate(GOOD, row, GOOD)

    assert f"raw.csv row 3 has {value}, expected {wanted}" in str(caught.value)
    assert [failure.column for failure in caught.value.failures] == [column]


def test_every_bad_value_is_reported_in_the_order_of_the_file(validate):
    with pytest.raises(DataValidationError) as caught:
        validate("5.1,3.5,1.4,99,setosa", GOOD, "x,3.5,1.4,0.2,tulip")

    lines = [failure.message.split(" has ")[0] for failure in caught.value.failures]
    assert lines == ["raw.csv row 2", "raw.csv row 4", "raw.csv row 4"]


def test_blank_lines_count_as_lines_of_the_file(validate):
    with pytest.raises(DataValidationError, match=r"raw\.csv row 5 has 'x'"):
        validate(GOOD, "", "", "x,3.5,1.4,0.2,setosa")


def test_number_of_reported_values_is_bounded(validate):
    with pytest.raises(DataValidationError) as caught:
        validate(*["99,99,99,99,tulip"] * 1_000)

    assert len(caught.value.failures) == 100


def test_missing_column_is_named_with_the_existing_ones(validate):
    with pytest.raises(DataValidationError) as caught:
        validate("5.1,3.5,1.4,setosa", header="sepal_length,sepal_width,petal,species")

    message = str(caught.value)
    assert "raw.csv has no column 'petal_length'; it has 'sepal_length'" in message
    assert "raw.csv has no column 'petal_width'" in message


def test_columns_of_one_name_are_refused(validate):
    with pytest.raises(DataValidationError) as caught:
        validate(f"{GOOD},5.2", header=f"{HEADER},Sepal Length (cm)")

    message = "several columns for 'sepal_length': 'sepal_length', 'Sepal Length (cm)'"
    assert message in str(caught.value)


def test_columns_may_be_in_any_order_with_others_and_units(validate):
    header = "id,Species,petal width (cm),petal length (cm),sepal width,sepal.length"

    data = validate("1,setosa,0.2,1.4,3.5,5.1", header=header)

    assert data["sepal.length"].tolist() == [5.1]


@pytest.mark.parametrize(
    "rows", [["5,3,1,1,0", "5,3,1,1,1"], ["5,3,1,1,1", "5,3,1,1,"]]
)
def test_classes_may_be_numbers(dataset, rows):
    target = dataset.target.model_copy(update={"classes": ["0", "1"]})
    numbered = dataset.model_copy(update={"target": target}).model_dump()
    data = pd.read_csv(StringIO("\n".join([HEADER, *rows])))

    validated = RawFileValidator("raw.csv", numbered).validate(data)

    written = [row.rpartition(",")[2] for row in rows]
    assert validated["species"].fillna("").tolist() == written


def test_header_without_rows_is_refused(validate):
    with pytest.raises(DataValidationError, match=r"raw\.csv has a header but no rows"):
        validate()


@pytest.fixture
def check(dataset):
    validator = SourceValidator("my.csv", dataset.model_dump(), build_load_args({}))
    return validator.validate


def test_valid_source_passes_byte_by_byte(check):
    content = f"{HEADER}\r\n{GOOD}\r\n".encode()

    assert check(content) is content


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (f"{HEADER}\n\n5.1,x,1.4,0.2,setosa\n", "my.csv row 3 has 'x'"),
        (f"{HEADER}\n{GOOD}\n1,2,3,4,5,6\n", "my.csv cannot be read as CSV: .* line 3"),
        (f"{HEADER}\n{GOOD},6\n{GOOD},7\n", "my.csv cannot be read as CSV"),
        ("\n", "my.csv cannot be read as CSV"),
        (b"\xff\xfe\x00\n", "my.csv cannot be read as CSV"),
    ],
)
def test_invalid_source_is_named_with_its_row(check, content, message):
    with pytest.raises(DataValidationError, match=message) as caught:
        check(content.encode() if isinstance(content, str) else content)

    assert caught.value.validator == "my.csv"


@pytest.mark.parametrize("encoding", ["utf-16", "cp1252", "latin-1"])
def test_wrong_encoding_is_reported_with_a_suggestion(dataset, encoding):
    odd = {"latin-1": "\x81"}.get(encoding, "ß")  # cp1252 has no character for it
    content = f"{HEADER},note\n{GOOD},{odd}\n".encode(encoding)
    validator = SourceValidator("my.csv", dataset.model_dump(), build_load_args({}))

    with pytest.raises(DataValidationError) as caught:
        validator.validate(content)

    assert f"; try dataset.load_args: {{encoding: {encoding}}}" in str(caught.value)
    tried = build_load_args({"encoding": encoding})
    again = SourceValidator("my.csv", dataset.model_dump(), tried)
    assert again.validate(content) is content
