from io import BytesIO

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kedro.validation import DataValidationError

from iris_kedro.tables.reading import (
    build_load_args,
    read_classes,
    read_feature,
    read_names,
)
from iris_kedro.tables.texts import MISSING, standardize_name
from iris_kedro.tables.validation import RawFileValidator
from tests.iris_kedro import passengers

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1)


def read(name, *texts):
    feature = passengers.describe().features[name]
    values = read_feature(pd.Series(texts, dtype=object), feature, {}).tolist()
    return [None if pd.isna(value) else value for value in values]


@pytest.mark.parametrize(
    ("column", "name"),
    [
        ("sepal_length", "sepal_length"),
        ("sepal length (cm)", "sepal_length"),
        ("Sepal.Length", "sepal_length"),
        (" SEPAL-LENGTH ", "sepal_length"),
        ("sepal length [cm]", "sepal_length_cm"),
        ("Species", "species"),
        ("Größe (m²)", "grosse"),
        ("geprüft?", "gepruft"),
        ("()", ""),
    ],
)
def test_column_names_lose_units_accents_and_spelling(column, name):
    assert standardize_name(column) == name


@pytest.mark.parametrize("missing", sorted(MISSING))
def test_usual_marks_of_missing_values_are_read_as_missing(missing):
    assert read("age", missing, f" {missing} ") == [None, None]
    assert read("sex", missing) == [None]


def test_mark_that_is_a_category_is_not_missing():
    assert read("port", "NA", "None", "N/A", "") == ["NA", "None", None, None]


def test_booleans_may_be_spelt_in_any_usual_way():
    assert read("alone", "T", "Yes", "1", "false", "N", "0.0") == [1, 1, 1, 0, 0, 0]


def test_categories_are_read_as_the_service_reads_them():
    assert read("deck", " 1 ", "1.0", "02") == ["1", "1.0", "02"]
    assert read("port", "true", "True", "yes") == ["true", "True", "yes"]


def test_classes_may_be_spelt_as_pandas_writes_them():
    texts = pd.Series(["1", "1.0", "True", "Red", "", "NA"], dtype=object)

    classes = read_classes(texts, ["1", "true", "red"])

    assert classes[:4].tolist() == ["1", "1", "true", "Red"]
    assert classes[4:].isna().all()


@pytest.mark.parametrize("text", ["1.00", "01", "1e0", "NAN", "-nan", "inf"])
def test_numeric_text_is_not_a_boolean(text):
    (value,) = read("alone", text)

    with pytest.raises(ValueError, match="could not convert"):
        float(value)


def test_a_name_may_begin_or_end_with_a_blank():
    texts = pd.Series([" x", "x", "x ", "  x"], dtype=object)

    assert read_names(texts, [" x", "x"]).tolist() == [" x", "x", "x", "x"]
    assert read_classes(texts, [" x", "x"]).tolist() == [" x", "x", "x", "x"]


def test_a_unit_may_be_on_several_lines():
    assert standardize_name("Age (in\nyears)") == "age"


def test_invalid_values_stay_unchanged():
    assert read("alone", "maybe") == ["maybe"]
    assert read("deck", "first") == ["first"]


@given(names=st.lists(TEXTS.filter(lambda t: t == t.strip()), min_size=1, unique=True))
def test_every_name_of_the_specification_is_read_as_itself(names):
    assert read_names(pd.Series(names, dtype=object), names).tolist() == names


def load(content, **load_args):
    return pd.read_csv(BytesIO(content), **build_load_args(load_args))


@pytest.fixture
def validator():
    return RawFileValidator("raw.csv", passengers.describe().model_dump())


def test_table_with_texts_and_gaps_is_read_by_type(validator):
    rows = passengers.draw(300)

    data = validator.validate(load(passengers.write(rows)))

    assert set(data["Deck/Klasse"]) == {"1", "2", "3"}
    assert set(data["Survived"]) == {"0", "1"}
    assert data["age"].isna().sum() == (rows["age"] == "").sum() > 0
    assert set(data["Embarked"].dropna()) >= {"NA", "None", "true", "Southampton"}
    assert set(data["Alone?"].dropna()) == {0.0, 1.0}
    assert data["Fare $"].dtype == data["age"].dtype == np.float64


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("deck", "4", "'4', expected one of '1', '2', '3'"),
        ("sex", "f", "'f', expected one of 'female', 'male'"),
        ("age", "121", "121, expected a number from 0 to 120"),
        ("siblings", "1.5", "1.5, expected a whole number from 0 to 20"),
        ("siblings", "many", "'many', expected a whole number from 0 to 20"),
        ("alone", "2", "2, expected true or false"),
        ("alone", "maybe", "'maybe', expected true or false"),
        ("survived", "2", "'2', expected one of '0', '1'"),
    ],
)
def test_invalid_value_is_named(validator, name, value, message):
    rows = passengers.draw(9)
    rows.loc[3, name] = value

    with pytest.raises(DataValidationError) as caught:
        validator.validate(load(passengers.write(rows)))

    assert [str(each.message) for each in caught.value.failures] == [
        f"raw.csv row 5 has {message}"
    ]


def test_missing_column_is_named_as_the_file_should_have_it(validator):
    rows = passengers.draw(9).drop(columns="fare")

    with pytest.raises(DataValidationError, match=r"has no column 'Fare \$'; it has"):
        validator.validate(load(passengers.write(rows)))


def test_decimal_commas_only_affect_numbers():
    given = {
        **passengers.SPECIFICATION,
        "load_args": {"sep": ";", "decimal": ",", "thousands": "."},
        "target": {"name": "kind", "classes": ["None", "b"]},
        "features": {
            "size": {"minimum": 0, "maximum": 9_999},
            "code": {"type": "category", "categories": ["01", "02"]},
        },
    }
    content = b"size;code;kind\n1.234,5;01;None\n2,5;02;b\n"

    data = RawFileValidator("raw.csv", given).validate(
        load(content, **given["load_args"])
    )

    assert data.to_dict("list") == {
        "size": [1234.5, 2.5],
        "code": ["01", "02"],
        "kind": ["None", "b"],
    }


@pytest.mark.parametrize("text", ["1_000", "١٢", "0x10", "NAN", "1e", "--1"])
def test_text_that_is_not_a_json_number_is_not_a_number(validator, text):
    rows = passengers.draw(9)
    rows.loc[3, "fare"] = text

    with pytest.raises(DataValidationError, match="row 5 has '"):
        validator.validate(load(passengers.write(rows)))


@pytest.mark.parametrize(
    "texts",
    [
        ["1", " 2.5 ", "+3", "-.5", "1.", "1e-7", "-inf", "0.1", "179769.313486231570"],
        ["19.790000915527344", "NA", None, "  ", "2.2250738585072014e-308"],
        ["NA", ""],
    ],
)
def test_plain_numbers_are_read_like_python(dataset, texts):
    feature = next(iter(dataset.features.values()))

    found = read_feature(pd.Series(texts, dtype="str"), feature, {})

    one_by_one = read_feature(pd.Series(texts, dtype=object), feature, {})
    assert found.dtype == "float64"
    pd.testing.assert_series_equal(
        found, one_by_one.astype("float64"), check_exact=True
    )


@pytest.mark.parametrize("text", ["x", "1,5", "٣", "1_000", "nan?", "0x1"])
def test_column_with_another_text_keeps_it(dataset, text):
    feature = next(iter(dataset.features.values()))

    found = read_feature(pd.Series(["1.0", text], dtype="str"), feature, {})

    assert found[0] == "1.0"
    assert text in found[1]
