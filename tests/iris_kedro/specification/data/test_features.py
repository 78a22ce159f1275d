import pytest
from pydantic import ValidationError

from iris_kedro.specification import Boolean, Category, Dataset, Integer, Number
from tests.iris_kedro import passengers

SPECIFICATION = passengers.SPECIFICATION


def change(section, **changes):
    return {**SPECIFICATION, section: {**SPECIFICATION[section], **changes}}


def test_each_feature_has_its_type_and_a_number_needs_none():
    types = [type(each) for each in passengers.describe().features.values()]

    assert types == [Category, Category, Number, Integer, Number, Category, Boolean]


def test_names_of_classes_and_categories_may_be_any_scalar():
    values = ["None", "NA", "ß", True, 1, 2.5]
    dataset = Dataset.model_validate(
        {
            **change("target", classes=values, positive=True, labels={1: "one"}),
            "features": {"port": {"type": "category", "categories": values}},
        }
    )

    expected = ["None", "NA", "ß", "true", "1", "2.5"]
    assert dataset.target.classes == dataset.features["port"].categories == expected
    assert dataset.target.positive == "true"
    assert dataset.target.labels == {"1": "one"}


@pytest.mark.parametrize(
    ("feature", "message"),
    [
        ({"type": "colour"}, "type must be number, integer, boolean or category"),
        ({"type": "category", "categories": []}, "at least 1 item"),
        ({"type": "category", "categories": ["a", "a"]}, "category is listed twice"),
        ({"type": "category", "categories": [1, "1"]}, "category is listed twice"),
        ({"type": "category", "categories": [""]}, "at least 1 character"),
        ({"type": "category", "categories": ["a"], "unknown": "x"}, "'reject' or 'acc"),
        ({"type": "integer", "minimum": 3, "maximum": 2}, "must be below maximum"),
        ({"type": "boolean", "minimum": 0}, "has no parameter 'minimum'"),
        ({"minimum": 0}, "maximum"),
    ],
)
def test_impossible_feature_is_refused_by_name(feature, message):
    specification = {**SPECIFICATION, "features": {"port": feature}}

    with pytest.raises(ValidationError, match=rf"(?s)features\.port.*{message}"):
        Dataset.model_validate(specification)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"classes": [0, "0"]}, "class is listed twice"),
        ({"positive": 2}, "positive is '2'"),
        ({"labels": {2: "lost"}}, "labels has '2', which is not one of"),
    ],
)
def test_impossible_target_is_refused(changes, message):
    with pytest.raises(ValidationError, match=message):
        Dataset.model_validate(change("target", **changes))


def test_limits_are_shown_with_all_their_digits():
    number = Number(minimum=-0.1, maximum=123_456_789)

    assert number.expect() == "a number from -0.1 to 123456789"


def test_derived_features_are_expressions_of_numbers_and_booleans():
    derived = {"fare_each": "fare / (siblings + 1)", "lonely": "alone * fare"}

    dataset = Dataset.model_validate({**SPECIFICATION, "derived": derived})

    assert dataset.derived == derived
    assert dataset.columns == list(SPECIFICATION["features"])
    assert passengers.describe().derived == {}


@pytest.mark.parametrize(
    ("derived", "message"),
    [
        ({"fare_each": "fare / sibling"}, "'fare_each': 'fare / sib.*mean 'siblings'"),
        (
            {"x": "port + 1"},
            "the derived feature 'x': 'port .* 1' has 'port', which is",
        ),
        ({"x": "x + 1"}, "has 'x', which is not a feature"),
        ({"fare": "age + 1"}, "derived feature 'fare' has the name of a feature or"),
        ({"survived": "age + 1"}, "'survived' has the name of a feature or of the ta"),
        ({"Fare each": "fare / 2"}, r"Fare each.*\n.*match pattern"),
        ({"x": 1}, r"derived\.x\n.*valid string"),
    ],
)
def test_impossible_derived_feature_is_refused_by_name(derived, message):
    with pytest.raises(ValidationError, match=message):
        Dataset.model_validate({**SPECIFICATION, "derived": derived})
