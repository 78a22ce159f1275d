"""A model of a boosting library, from the table to an answer of the service."""

import shutil
from pathlib import Path

import pytest

from iris_kedro.registry import Registry
from tests.raw_files import serve

ROOT = Path(__file__).parents[1]


@pytest.mark.slow
@pytest.mark.parametrize(
    "class_path", ["lightgbm.LGBMClassifier", "xgboost.XGBClassifier"]
)
def test_boosted_trees_are_trained_released_and_served(project, class_path):
    (project.path / "data").mkdir(exist_ok=True)
    shutil.copy(ROOT / "data/penguins.csv", project.path / "data")
    candidate = {
        "class": class_path,
        "impute": "none",
        "parameters": {"n_estimators": 30},
        "grid": {"learning_rate": [0.1, 0.3]},
    }
    file = "parameters_data_science.yml"
    project.change(file, "data_science.candidates", {"boosting": candidate})

    result = project.release("--env", "penguins")
    assert result.exit_code == 0, result.output
    with serve(project) as service:
        contract = service.get("/model").json()["contract"]
        names = [feature["name"] for feature in contract["features"]]
        answers = {
            label: service.post("/predict", dict(zip(names, row, strict=True)))
            for label, row in contract["typical_rows"].items()
        }

    assert Registry("penguins", project.client).aliases() == {"Production": "1"}
    assert contract["candidate"] == "boosting"
    assert {label: each["prediction"] for label, each in answers.items()} == {
        label: label for label in ("Adelie", "Chinstrap", "Gentoo")
    }
