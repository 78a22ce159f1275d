from iris_kedro.hooks.tracking import flatten
from iris_kedro.specification import Split

SPLIT = Split(test_size=0.3, salt="s", minimum_rows_per_class=5)


def test_models_and_dictionaries_become_values_with_dotted_names():
    values = {"folds": 5, "nested": {"split": SPLIT, "names": ["a", "b"]}, "empty": {}}

    assert dict(flatten(values)) == {
        "folds": 5,
        "nested.split.test_size": 0.3,
        "nested.split.salt": "s",
        "nested.split.minimum_rows_per_class": 5,
        "nested.names": ["a", "b"],
    }
