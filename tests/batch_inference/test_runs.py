"""Whole runs: rows in all formats, beside the answers of the service."""

import json
import sqlite3

import numpy as np
import pytest
import yaml

from tests.iris_kedro import passengers

pytestmark = pytest.mark.slow

ODD = {
    3: {"age": "old"},
    5: {"deck": "9", "fare": "-1"},
    8: {"siblings": "1.5", "sex": ""},
    9: {"fare": "inf"},
    11: {"alone": "perhaps", "age": "121"},
}


@pytest.fixture
def people():
    """Return passengers with gaps and ports never seen; some are not valid."""
    rows = passengers.draw(60, seed=7)
    for number, cells in ODD.items():
        for name, value in cells.items():
            rows.loc[number, name] = value
    return rows


def probabilities_of(scores):
    return scores.filter(like="probability_").to_numpy()


def test_parquet_is_scored_as_the_service_predicts(
    score, flowers, make_service, tmp_path, trained
):
    (tmp_path / "rows").mkdir()
    flowers[:100].to_parquet(tmp_path / "rows/a.parquet", row_group_size=30)
    flowers[100:].to_parquet(tmp_path / "rows/b.parquet")

    run = score(source=tmp_path / "rows/")

    assert run.result.exit_code == 0, run.output
    assert "Scored 150 of 150 rows" in run.output
    answer = make_service("iris").predict(
        flowers.drop(columns="key").to_dict("records")
    )
    assert run.scores["key"].tolist() == flowers["key"].tolist()
    assert run.scores["prediction"].tolist() == answer["predictions"]
    np.testing.assert_allclose(
        probabilities_of(run.scores), answer["probabilities"], atol=1e-6
    )
    assert set(run.scores["model_version"]) == {"1"}
    last = trained.parents()[-1]
    reports = trained.client.list_artifacts(last.info.run_id, "reports")
    files = {each.path for each in reports}
    assert {"reports/batch_inference.json", "reports/batch_inference.html"} <= files
    assert last.info.run_name.startswith("150 rows scored by version 1")


@pytest.mark.parametrize("layout", ["contract", "source"])
def test_csv_is_scored_and_rejected_as_the_service_does(
    score, people, make_service, without, tmp_path, layout
):
    body = (
        passengers.write(people)
        if layout == "source"
        else people.drop(columns="survived").to_csv(index=False).encode()
    )
    (tmp_path / "people.csv").write_bytes(body)

    run = score(
        "--env=passengers",
        source=tmp_path / "people.csv",
        layout=layout,
        columns="[fare]" if layout == "contract" else "[Name]",
    )

    assert run.result.exit_code == 0, run.output
    service = make_service("passengers")
    refused = service.post(body, "text/csv", layout)["errors"]
    # The service counts the header as a row.
    expected = {(each["row"] - 1, each["message"].split(": ")[-1]) for each in refused}
    assert {each for each, _ in expected} == {number + 1 for number in ODD}
    found = zip(run.rejects["row"], run.rejects["reason"], strict=True)
    assert {(row, reason) for row, reason in found} == expected
    valid = without(body, {number + 1 for number in ODD})
    answer = service.post(valid, "text/csv", layout)
    assert run.scores["prediction"].tolist() == answer["predictions"]
    np.testing.assert_allclose(
        probabilities_of(run.scores), answer["probabilities"], atol=1e-6
    )
    assert "Rejected 5 (8.33%)" in run.output


def test_json_lines_are_scored_and_rejected_as_the_service_does(
    score, make_service, tmp_path
):
    row = {
        "deck": "1",
        "sex": "male",
        "age": 22.5,
        "siblings": 1,
        "fare": 7.25,
        "port": "C",
        "alone": True,
    }
    changes = [
        {},
        {"age": None, "port": None, "alone": None},
        {"age": "22"},
        {"port": "never seen"},
        {"deck": "7"},
        {"alone": 1},
        {"siblings": 2.0},
        {"fare": 10_001},
        {"sex": None},
    ]
    rows = [{**row, **change} for change in changes]
    lines = "".join(f"{json.dumps(each)}\n" for each in rows)
    (tmp_path / "people.jsonl").write_text(lines)

    run = score("--env=passengers", source=tmp_path / "people.jsonl")

    assert run.result.exit_code == 0, run.output
    service = make_service("passengers")
    expected = {}
    for number, each in enumerate(rows, 1):
        for error in service.predict([each]).get("errors", ()):
            expected[number] = error["message"]
    found = dict(zip(run.rejects["row"], run.rejects["reason"], strict=True))
    assert found.keys() == expected.keys()
    valid = [each for number, each in enumerate(rows, 1) if number not in expected]
    answer = service.predict(valid)
    assert run.scores["prediction"].tolist() == answer["predictions"]
    np.testing.assert_allclose(
        probabilities_of(run.scores), answer["probabilities"], atol=1e-6
    )


def test_query_is_scored(score, flowers, trained, monkeypatch):
    database = trained.path / "flowers.db"
    with sqlite3.connect(database) as connection:
        flowers.to_sql("flowers", connection, index=False, if_exists="replace")
    monkeypatch.setenv("SOURCE_URL", "sqlite:///flowers.db")
    query = (
        "SELECT key, sepal_length, sepal_width, petal_length, petal_width FROM flowers"
        " WHERE petal_width > 1 ORDER BY key"
    )
    local = trained.path / "conf/local/globals.yml"  # --params ends at a comma
    local.parent.mkdir(exist_ok=True)
    local.write_text(yaml.safe_dump({"batch_inference": {"source": query}}))

    run = score()
    local.unlink()

    assert run.result.exit_code == 0, run.output
    chosen = flowers[flowers["petal_width"] > 1].sort_values("key")
    assert run.scores["key"].tolist() == chosen["key"].tolist()
    assert list((trained.path / "data/batch_inference").iterdir()) == []


def test_report_shows_drift(score, flowers, trained, tmp_path):
    generator = np.random.default_rng(0)
    many = flowers.sample(2_000, replace=True, random_state=0)
    many["petal_width"] = generator.uniform(5, 6, len(many))
    many.to_parquet(tmp_path / "rows.parquet")

    run = score(source=tmp_path / "rows.parquet")

    report = trained.path / "data/08_reporting/iris/batch_inference.json"
    features = json.loads(report.read_text())["features"]
    assert features["petal_width"]["drifts"]
    assert not features["sepal_length"]["drifts"]
    assert "Drift petal_width" in run.output
