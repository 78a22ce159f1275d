"""From a CSV to a served model, as docs/how-to/own-data.md tells it."""

import json
from pathlib import Path

import numpy as np
import onnx
import pandas as pd
import pytest
import yaml

from iris_kedro.model.contract import Contract
from iris_kedro.model.inputs import arrange
from iris_kedro.registry import Registry
from tests.iris_kedro import passengers
from tests.raw_files import (
    load_best,
    open_client,
    post_source,
    predict_source,
    serve,
)

ROOT = Path(__file__).parents[1]
INIT = ("dataset", "init", "passengers.csv", "--target", "survived")


@pytest.mark.slow
def test_a_csv_becomes_a_service_that_answers_as_scikit_learn_does(own):
    assert own.invoke(*INIT).exit_code == 0
    result = own.invoke("run", "--env", "passengers")
    assert result.exit_code == 0, result.output
    registry = Registry("passengers", own.client)
    assert registry.aliases() == {"Production": "1"}
    card = (own.path / "data/08_reporting/passengers/model_card.md").read_text()
    assert "iris" not in card.lower()
    with serve(own) as service:
        rows, requests = read_rows(own)
        answer = service.post("/predict/batch", {"instances": requests})
        single = service.post("/predict", requests[0])
        raw = post_source(service, (own.path / "passengers.csv").read_bytes())

    best = load_best(own.path, "passengers")
    expected = best.trained.model.predict_proba(rows)
    np.testing.assert_allclose(answer["probabilities"], expected, atol=1e-4)
    assert single["prediction"] == answer["predictions"][0]
    expected = predict_source(own.path, "passengers", "passengers")
    np.testing.assert_allclose(raw["probabilities"], expected, atol=1e-4)


def draw_samples(count: int) -> str:
    """Write a table as Excel does in Germany: odd headers, semicolons and commas."""
    generator = np.random.default_rng(0)
    sizes = generator.normal(1500, 200, count).round(1)
    weights = generator.normal(70, 15, count).round(2)
    smokes = generator.choice(["yes", "", "t", "No", "F", "1.0"], count)
    grades = generator.choice(["1", "2", '"3; 4"', " NA "], count)
    kinds = np.where(sizes + 5 * weights > 1850, "lang", "kurz")
    columns = zip(sizes, weights, smokes, grades, kinds, strict=True)
    rows = [
        f"{number};{write_german(size)};{write_german(weight)};{smoke};{grade};{kind}"
        for number, (size, weight, smoke, grade, kind) in enumerate(columns)
    ]
    rows.insert(7, "")  # a blank line
    header = "\ufeffNr.;Größe (cm);Gewicht [kg];Raucher?;Klasse;Art (der Probe)"
    return "\n".join([header, *rows]) + "\n"


def write_german(number: float) -> str:
    return f"{number:,.2f}".translate(str.maketrans(",.", ".,"))


SAMPLES = """\
dataset:
  name: proben
  source: proben.csv
  load_args: {sep: ";", decimal: ",", thousands: "."}
  target: {name: art, classes: [kurz, lang]}
  features:
    grosse: {minimum: 100, maximum: 10000}
    gewicht: {column: "Gewicht [kg]", minimum: 0, maximum: 500}
    raucher: {type: boolean, nullable: true}
    klasse: {type: category, categories: ["1", "2", "3; 4", "NA"]}
"""


@pytest.mark.slow
def test_an_odd_file_is_predicted_as_it_is(project):
    body = draw_samples(400).encode()
    (project.path / "proben.csv").write_bytes(body)
    (project.path / "conf/proben").mkdir()
    (project.path / "conf/proben/globals.yml").write_text(SAMPLES)
    result = project.invoke("run", "--env", "proben")
    assert result.exit_code == 0, result.output
    with serve(project) as service:
        answer = post_source(service, body)
        other = post_source(service, body.replace("Größe".encode(), b"Breite"))
        bad = post_source(service, body.replace(b"\n20;", b"\n20;x"))

    expected = predict_source(project.path, "proben", "proben")
    np.testing.assert_allclose(answer["probabilities"], expected, atol=1e-4)
    (missing,) = other["errors"]
    assert (
        "grosse is missing; the header has 'Nr.', 'Breite (cm)'" in missing["message"]
    )
    (error,) = bad["errors"]
    assert error["row"] == 23  # after the header, a blank line and rows 0 to 19
    (project.path / "proben.csv").write_bytes(body.replace(b"\n20;", b"\n20;x"))
    refused = project.invoke("run", "--env", "proben")
    assert "row 23 has 'x" in refused.output


@pytest.mark.slow
def test_service_derives_features_that_clients_never_send(project):
    derived = {"area": "width * height", "ratio": "width / height"}
    describe_rectangles(project, derived)
    result = project.invoke("run", "--env", "rectangles")
    assert result.exit_code == 0, result.output
    card = (project.path / "data/08_reporting/rectangles/model_card.md").read_text()
    assert "| area | `width * height` |" in card
    with open_client(project) as client:
        rows, requests = read_rows(project, "rectangles")
        answer = client.post("/predict/batch", json={"instances": requests}).json
        described = client.get("/model").json
        refused = client.post("/predict", json={**requests[0], "area": 1.0}).json

    best = load_best(project.path, "rectangles")
    expected = best.trained.model.predict_proba(rows)
    np.testing.assert_allclose(answer["probabilities"], expected, atol=1e-4)
    # A linear model, which knows the classes by the product alone.
    assert best.name == "logistic_regression"
    assert described["metrics"]["accuracy"] > 0.95
    assert described["contract"]["derived"] == derived
    assert refused["errors"][0]["pointer"] == "/area"


def describe_rectangles(project, derived):
    """Write a table whose classes depend on a product, and its specification."""
    width, height = np.random.default_rng(0).uniform(-10, 10, (2, 600)).round(2)
    table = pd.DataFrame({"width": width, "height": height})
    table["sign"] = np.where(width * height > 0, "plus", "minus")
    table.to_csv(project.path / "rectangles.csv", index=False)
    side = {"minimum": -10, "maximum": 10}
    dataset = {
        "name": "rectangles",
        "source": "rectangles.csv",
        "target": {"name": "sign", "classes": ["minus", "plus"]},
        "features": {"width": side, "height": side},
        "derived": derived,
    }
    folder = project.path / "conf/rectangles"
    folder.mkdir()
    (folder / "globals.yml").write_text(yaml.safe_dump({"dataset": dataset}))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("threshold", "costs"), [(0.2, {}), (None, {1: {0: 4}})], ids=["threshold", "costs"]
)
def test_the_service_decides_by_the_rule_in_the_contract(own, threshold, costs):
    assert own.invoke(*INIT).exit_code == 0
    file = own.path / "conf/passengers/globals.yml"
    content = yaml.safe_load(file.read_text())
    content["dataset"]["target"]["costs"] = costs
    file.write_text(yaml.safe_dump(content))
    own.change(
        "parameters_data_science.yml", "data_science.training.threshold", threshold
    )
    own.change("parameters_model_release.yml", "model_release.gate.minimum_recall", 0)
    floor = "model_release.gate.minimum_accuracy=0.3"
    result = own.invoke("run", "--env", "passengers", "--params", floor)
    assert result.exit_code == 0, result.output
    with open_client(own) as client:
        target = client.get("/model").json["contract"]["target"]
        _, requests = read_rows(own)
        answer = client.post("/predict/batch", json={"instances": requests}).json

    probabilities = np.array(answer["probabilities"], np.float32)
    most_probable = np.array(["0", "1"])[probabilities.argmax(axis=1)]
    survives = probabilities[:, 1] >= np.float32(0.2)  # 1 - p is below 4 p from here on
    assert answer["predictions"] == np.where(survives, "1", "0").tolist()
    assert (answer["predictions"] != most_probable).any()
    file = own.path / "data/06_models/passengers/decision_rule.json"
    rule = json.loads(file.read_text())
    assert (rule["threshold"], rule["costs"]) == (target["threshold"], target["costs"])


@pytest.mark.slow
def test_halving_of_groups_is_refused_before_the_run(own):
    assert own.invoke(*INIT).exit_code == 0
    file = own.path / "conf/passengers/globals.yml"
    content = yaml.safe_load(file.read_text())
    content["dataset"]["split"] = {"method": "group", "column": "Name"}
    file.write_text(yaml.safe_dump(content))
    name = "data_science.candidates.logistic_regression"
    own.change("parameters_data_science.yml", f"{name}.search", {"method": "halving"})

    result = own.invoke("run", "--env", "passengers")

    assert result.exit_code == 1
    assert f"{name}.search.method is halving" in " ".join(result.output.split())
    assert not (own.path / "data/01_raw").exists()


def write_visits(project, count):
    """Write the first visits of people who came several times."""
    people = np.random.default_rng(1).integers(0, 400, 1_200)
    table = passengers.draw(1_200).assign(
        **{
            "Person-ID": [f"P-{number:x}" for number in people],
            "Came on": pd.date_range("2024-01-01", periods=1_200).strftime("%Y-%m-%d"),
        }
    )
    table.loc[[3, 5], ["Person-ID", "Came on"]] = ""
    (project.path / "passengers.csv").write_bytes(passengers.write(table[:count]))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "column"), [("group", "person_id"), ("time", "came_on")]
)
def test_rows_that_belong_together_are_split_trained_compared_and_served(
    own, method, column
):
    write_visits(own, 600)
    assert own.invoke(*INIT).exit_code == 0
    file = own.path / "conf/passengers/globals.yml"
    content = yaml.safe_load(file.read_text())
    content["dataset"]["split"] = {"method": method, "column": column, "test_size": 0.4}
    file.write_text(yaml.safe_dump(content, sort_keys=False))
    tables = own.path / "data/03_primary/passengers"

    first = own.invoke("run", "--env", "passengers")
    assert first.exit_code == 0, first.output
    trained_on = pd.read_parquet(tables / "train_data.parquet")
    models = {"1": load_best(own.path, "passengers").trained.model}
    write_visits(own, 1_200)
    second = own.invoke("run", "--env", "passengers")
    assert second.exit_code == 0, second.output
    held_out = pd.read_parquet(tables / "test_data.parquet")

    cleaning = own.path / "data/02_intermediate/passengers/cleaning.json"
    assert json.loads(cleaning.read_text())["missing_dropped"] == 2
    model = onnx.load(own.path / "data/06_models/passengers/challenger.onnx")
    assert Contract.read(model).split.method == method
    key = f"{method}: {column}"
    is_new = (
        ~held_out[key].isin(trained_on[key])
        if method == "group"
        else held_out[key] > trained_on[key].max()
    )
    report = own.path / "data/08_reporting/passengers/gate_report.json"
    comparison = json.loads(report.read_text())["comparison"]
    assert comparison["difference"]["rows"] == is_new.sum() > 0
    with open_client(own) as client:
        rows, requests = read_rows(own)
        answer = client.post("/predict/batch", json={"instances": requests}).json
    models["2"] = load_best(own.path, "passengers").trained.model
    expected = models[answer["model"]["version"]].predict_proba(rows)
    np.testing.assert_allclose(answer["probabilities"], expected, atol=1e-4)


def read_rows(project, name="passengers"):
    """Return the first rows of the table, for scikit-learn and for the service."""
    specification = project.read_specification(name)
    clean = pd.read_parquet(
        project.path / f"data/02_intermediate/{name}/clean_data.parquet"
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
