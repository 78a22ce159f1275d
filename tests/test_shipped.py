"""The shipped configurations, from the source to an answer."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from iris_kedro.registry import Registry
from tests.raw_files import post_source, predict_source, serve

ROOT = Path(__file__).parents[1]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["wine", "breast_cancer", "penguins"])
def test_shipped_dataset_is_trained_released_and_served(project, name):
    (project.path / "data").mkdir(exist_ok=True)
    shutil.copy(ROOT / "data/penguins.csv", project.path / "data")
    result = project.invoke("run", "--env", name)
    assert result.exit_code == 0, result.output
    assert Registry(name, project.client).aliases() == {"Production": "1"}
    card = (project.path / f"data/08_reporting/{name}/model_card.md").read_text()
    assert "iris" not in card.lower()
    with serve(project) as service:
        contract = service.get("/model").json()["contract"]
        names = [feature["name"] for feature in contract["features"]]
        answers = {
            label: service.post("/predict", dict(zip(names, row, strict=True)))
            for label, row in contract["typical_rows"].items()
        }
        row = dict(
            zip(names, *list(contract["typical_rows"].values())[:1], strict=True)
        )
        gaps = {each["name"]: None for each in contract["features"] if each["nullable"]}
        explanation = service.post("/explain", row | gaps)
        raw = (project.path / f"data/01_raw/{name}/raw.csv").read_bytes()
        batch = post_source(service, raw)
        page = service.get("/")

    assert {label: each["prediction"] for label, each in answers.items()} == {
        label: label for label in contract["target"]["classes"]
    }
    assert f"<title>{name}" in page.text
    assert explanation["method"] == ("exact" if len(names) <= 10 else "sampled")
    assert list(explanation["contributions"]) == names
    for label, probability in explanation["probabilities"].items():
        parts = [each[label] for each in explanation["contributions"].values()]
        total = explanation["baseline"][label] + sum(parts)
        assert total == pytest.approx(probability, abs=1e-5)
    expected = predict_source(project.path, name, name)
    np.testing.assert_allclose(batch["probabilities"], expected, atol=1e-4)


@pytest.mark.slow
def test_the_raw_file_of_iris_is_predicted_as_it_is(released_project):
    with serve(released_project) as service:
        raw = (released_project.path / "data/01_raw/iris/raw.csv").read_bytes()
        batch = post_source(service, raw)

    expected = predict_source(released_project.path, "iris", "base")
    np.testing.assert_allclose(batch["probabilities"], expected, atol=1e-4)
