import json
import math

import pytest

from iris_kedro.model.contract import Contract
from iris_kedro.pipelines.batch_inference.report import choose_alpha
from tests.iris_kedro.pipelines.batch_inference.conftest import FEATURES


def make_invalid(table):
    table.loc[[3, 5], "petal_width"] = 99.0
    table.loc[5, "sepal_width"] = -1.0
    return table


def shift(table):
    return table.assign(petal_length=table["petal_length"] + 1.5)


def test_figures_are_those_of_all_parts(report):
    found = report(make_invalid, rows=200)

    assert (found["rows"], found["scored"], found["rejected"]) == (200, 198, 2)
    assert found["rejects"] == {
        "petal_width: too_large": 2,
        "sepal_width: too_small": 1,
    }
    assert sum(found["predictions"].values()) == 198
    assert list(found["predictions"]) == ["setosa", "versicolor", "virginica"]
    assert found["parts"] == 2
    assert 0.5 < found["mean_confidence"] <= 1
    assert 0.5 < found["expected_confidence"] <= 1
    assert (found["model"], found["version"]) == ("iris", "3")
    assert (found["source"], found["target"]) == ("rows/", "scores/")


def test_the_most_frequent_problem_comes_first(report):
    def change(table):
        table.loc[[1, 2, 3], "sepal_width"] = -1.0
        return make_invalid(table)

    first = next(iter(report(change, rows=100)["rejects"]))
    assert first == "sepal_width: too_small"


def test_report_is_json(report):
    found = report(rows=100)

    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_rows_like_the_training_rows_do_not_drift(report):
    found = report()

    variables = found["features"] | found["answers"]
    assert [name for name, each in variables.items() if each["drifts"]] == []
    assert list(found["features"]) == list(FEATURES)
    assert list(found["answers"]) == ["prediction", "confidence"]


def test_rows_that_have_shifted_drift(report):
    found = report(shift)

    assert found["features"]["petal_length"]["drifts"]
    assert found["features"]["petal_length"]["log_e"] > found["threshold"]
    assert not found["features"]["sepal_width"]["drifts"]


def test_few_rows_are_no_evidence(report):
    assert not report(shift, rows=4)["features"]["petal_length"]["drifts"]


def test_values_outside_the_training_range_are_counted(report):
    def change(table):
        table.loc[:9, "sepal_length"] = 19.0
        return table

    found = report(change, rows=100)

    assert found["out_of_range"] == {"sepal_length": 10}


def test_report_without_a_scored_row_has_no_drift(report):
    found = report(lambda table: table.assign(petal_width=99.0), rows=50)

    assert (found["scored"], found["rejected"]) == (0, 50)
    assert found["mean_confidence"] is None
    assert all(each["effect"] is None for each in found["features"].values())
    assert not any(each["drifts"] for each in found["features"].values())
    json.dumps(found, allow_nan=False)


def test_model_of_an_older_release_has_no_drift(report, old_model):
    found = report(rows=50, model=old_model)

    assert (found["features"], found["answers"]) == ({}, {})
    assert found["expected_confidence"] is None
    assert found["scored"] == 50


def test_all_comparisons_share_the_false_alarms(report, challenger, monitoring):
    alpha = choose_alpha(Contract.read(challenger), monitoring)

    assert alpha * (len(FEATURES) + 2) == pytest.approx(monitoring.alpha)
    assert report(rows=50)["threshold"] == pytest.approx(-math.log(alpha))
