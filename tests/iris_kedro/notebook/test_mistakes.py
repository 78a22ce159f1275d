import pytest
from kedro.validation import DataValidationError

from iris_kedro.notebook.mistakes import add_mistakes, find_wrong_values, misread
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


@pytest.fixture
def wrong(mixed_data, mixed):
    return misread(mixed_data, mixed_data, mixed)


def test_numbers_are_read_too_high_within_their_bounds(wrong, mixed_data, mixed):
    fare, siblings = mixed_data["fare"], mixed_data["siblings"]

    assert wrong["fare"].tolist() == pytest.approx(fare + fare.std(ddof=0))
    assert (wrong["siblings"] == wrong["siblings"].round()).all()
    assert (wrong["siblings"] > siblings).all()
    assert wrong["age"].max() <= mixed.features["age"].maximum


def test_forms_send_their_first_choice(wrong):
    assert set(wrong["sex"]) == {"female"}
    assert set(wrong["alone"].dropna()) == {0.0}


def test_gaps_stay_and_nothing_is_refused(wrong, mixed_data, mixed):
    for name in find_wrong_values(mixed):
        assert wrong[name].isna().equals(mixed_data[name].isna())
