"""From a CSV to a served model, as docs/own-data.md tells it."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from kedro_datasets.pickle import PickleDataset

from iris_kedro.model.inputs import arrange
from iris_kedro.notebook.service import Service
from iris_kedro.registry import Registry
from iris_kedro.specification import Dataset
from tests.iris_kedro import passengers

ROOT = Path(__file__).parents[1]
INIT = ("dataset", "init", "passengers.csv", "--target", "survived")


@pytest.fixture
def own(project, monkeypatch):
    """Return a project with a table that is not Iris."""
    table = passengers.draw(600)
    (project.path / "passengers.csv").write_bytes(passengers.write(table))
    monkeypatch.chdir(project.path)
    return project


def read_specification(project):
    text = (project.path / "conf/passengers/globals.yml").read_text()
    return Dataset.model_validate(yaml.safe_load(text)["dataset"])


def test_init_describes_a_table_and_says_how_to_go_on(own):
    result = own.invoke(*INIT)

    assert result.exit_code == 0, result.output
    assert "kedro run --env passengers" in result.output
    specification = read_specification(own)
    assert specification.source == "passengers.csv"
    assert specification.target.classes == ["0", "1"]


def test_init_overwrites_nothing_unless_told_to(own):
    own.invoke(*INIT)
    file = own.path / "conf/passengers/globals.yml"
    file.write_text("mine")

    refused = own.invoke(*INIT)
    kept = file.read_text()
    forced = own.invoke(*INIT, "--force")

    assert refused.exit_code == 1
    assert "conf/passengers/globals.yml is there already; --force" in refused.output
    assert kept == "mine"
    assert forced.exit_code == 0
    assert read_specification(own).name == "passengers"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("no.csv", "--target", "x"), "cannot read the source 'no.csv'"),
        (("passengers.csv", "--target", "x"), "there is no column 'x'; there are"),
        (("select 1", "--target", "x"), "give a name with --name"),
        (("passengers.csv", "--target", "Fare $"), "regression is not supported"),
        (("passengers.csv", "--target", "sex", "--name", "base"), "give a name with"),
        (("passengers.csv", "--target", "sex", "--name", "My Table"), "lower case"),
    ],
)
def test_init_says_what_is_wrong(own, arguments, told):
    result = own.invoke("dataset", "init", *arguments)

    assert result.exit_code == 1
    assert told in result.output
    assert not (own.path / "conf/My Table").exists()


@pytest.mark.slow
def test_a_csv_becomes_a_service_that_answers_as_scikit_learn_does(own):
    assert own.invoke(*INIT).exit_code == 0
    result = own.invoke("run", "--env", "passengers")
    assert result.exit_code == 0, result.output
    registry = Registry("passengers", own.client)
    assert registry.aliases() == {"Production": "1"}
    card = (own.path / "data/08_reporting/passengers/model_card.md").read_text()
    assert "iris" not in card.lower()
    shutil.copytree(ROOT / "serving", own.path / "serving")

    service = Service(own.path)  # it finds the only model there is
    try:
        rows, requests = read_rows(own)
        answer = service.post("/predict/batch", {"instances": requests})
        single = service.post("/predict", requests[0])
    finally:
        service.stop()

    file = own.path / "data/06_models/passengers/best.pickle"
    best = PickleDataset(filepath=str(file)).load()
    expected = best.trained.model.predict_proba(rows)
    np.testing.assert_allclose(answer["probabilities"], expected, atol=1e-4)
    assert single["prediction"] == answer["predictions"][0]


def read_rows(project):
    """Return the first rows of the table, for scikit-learn and for the service."""
    specification = read_specification(project)
    clean = pd.read_parquet(
        project.path / "data/02_intermediate/passengers/clean_data.parquet"
    )[:200]
    requests = [
        {
            name: show(value, specification.features[name].type)
            for name, value in row.items()
            if name in specification.features
        }
        for row in clean.to_dict("records")
    ]
    return arrange(clean, specification.features), requests


def show(value, kind):
    if pd.isna(value):
        return None
    return bool(value) if kind == "boolean" else value
