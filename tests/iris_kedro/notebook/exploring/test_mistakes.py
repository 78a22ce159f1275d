import pytest
from kedro.validation import DataValidationError

from iris_kedro.notebook.exploring import add_mistakes, find_wrong_values
from iris_kedro.tables.validation import RawFileValidator


def test_mistakes_are_rejected_one_in_each_row(mixed_raw, mixed):
    rows = mixed_raw.head(7)
    validator = RawFileValidator("rows.csv", mixed.model_dump())

    with pytest.raises(DataValidationError) as error:
        validator.validate(add_mistakes(rows, mixed))

    assert [failure.column for failure in error.value.failures] == [
        "Deck/Klasse",
        "sex",
        "age",
        "SibSp",
        "Fare $",
        "Alone?",
    ]


def test_category_that_accepts_every_text_has_no_wrong_value(mixed):
    assert mixed.features.keys() - find_wrong_values(mixed).keys() == {"port"}


def test_rows_that_are_given_stay_as_they_are(mixed_raw, mixed):
    before = mixed_raw.copy()

    add_mistakes(mixed_raw, mixed)

    assert mixed_raw.equals(before)
