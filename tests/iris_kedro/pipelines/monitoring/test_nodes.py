import json

import numpy as np
import pytest

from iris_kedro.errors import ProjectError


def from_hour(hour, change):
    """Return a change of a column that starts at an hour."""

    def apply(name):
        return lambda columns: np.where(
            columns["hour"] >= hour, change(columns), columns[name]
        )

    return apply


def test_stream_without_changes_is_quiet(observe):
    report = observe()

    assert report["verdict"] == "quiet"
    assert report["rows"] == 72 * 60
    assert report["recent_rows"] == 24 * 60
    assert report["as_of"] == "2026-09-24T13:00:00+00:00"
    assert not any(each["drifts"] for each in report["features"].values())
    assert "4,320 predictions" in report["reasons"][0]


@pytest.mark.slow
def test_quiet_months_raise_no_alarm(observe):
    verdicts = {
        observe(hours=30 * 24, rows=8, seed=seed)["verdict"] for seed in range(12)
    }

    assert verdicts == {"quiet"}


def test_shift_of_a_number_is_data_drift_with_its_time(observe):
    shifted = from_hour(36, lambda columns: columns["size"] + 1)("size")

    report = observe(changes={"size": shifted})

    assert report["verdict"] == "data drift"
    size = report["features"]["size"]
    assert size["drifts"]
    assert size["effect"] > 0.25
    # The change comes at 02:00 on the 23rd.
    assert "2026-09-23T03" <= size["shown_at"] <= "2026-09-24T13"
    assert report["reasons"][0].startswith("size drifts: ")
    assert "UTC" in report["reasons"][0]
    assert not report["features"]["color"]["drifts"]


def test_irrelevant_shift_is_mentioned_but_quiet(observe):
    shifted = from_hour(24, lambda columns: columns["size"] + 1)("size")

    report = observe(changes={"size": shifted}, minimum_effect=0.9)

    assert report["features"]["size"]["shown_at"] is not None
    assert not report["features"]["size"]["drifts"]
    assert report["verdict"] == "quiet"
    assert any("size: a change was detected at" in each for each in report["reasons"])


def test_past_incident_is_reported_and_the_verdict_is_quiet(observe):
    def change(columns):
        during = (columns["hour"] >= 12) & (columns["hour"] < 36)
        return np.where(during, columns["size"] + 3, columns["size"])

    report = observe(changes={"size": change})

    assert report["features"]["size"]["shown_at"] < "2026-09-23"
    assert report["verdict"] == "quiet"
    assert "by chance" in report["reasons"][1]
    assert "too small to be relevant" in report["reasons"][1]


def test_missing_values_are_drift(observe):
    missing = from_hour(
        24, lambda columns: np.where(np.arange(len(columns["hour"])) % 2, np.nan, 0.1)
    )("size")

    report = observe(changes={"size": missing})

    assert report["features"]["size"]["missing"]["reference"] == pytest.approx(0.1)
    assert report["features"]["size"]["missing"]["recent"] == pytest.approx(0.5)
    assert report["verdict"] == "data drift"


def test_unknown_categories_are_drift(observe):
    unknown = from_hour(
        24,
        lambda columns: np.where(
            np.arange(len(columns["hour"])) % 4, columns["color"], "\ufffd"
        ),
    )("color")

    report = observe(changes={"color": unknown})

    assert report["features"]["color"]["unknown"] == {
        "reference": 0,
        "recent": pytest.approx(0.25),
    }
    assert "unknown went from 0.0% to 25.0%" in report["reasons"][0]


def test_changed_predictions_for_the_same_values_are_data_drift(observe):
    yes = from_hour(30, lambda columns: np.ones(len(columns["hour"]), int))("answer")

    report = observe(changes={"answer": yes}, labelled=0)

    assert report["verdict"] == "data drift"
    assert report["predictions"]["drifts"]
    assert not any(each["drifts"] for each in report["features"].values())
    assert report["reasons"][0].startswith("the distribution of answer has changed")


def test_lower_confidence_for_the_same_values_is_data_drift(observe):
    lower = from_hour(30, lambda columns: columns["confidence"] - 0.15)("confidence")

    report = observe(changes={"confidence": lower}, labelled=0)

    assert report["verdict"] == "data drift"
    assert report["confidence"]["drifts"]
    assert not any(each["drifts"] for each in report["features"].values())
    assert any("confidence" in each for each in report["reasons"])


def test_labels_that_contradict_a_quiet_stream_are_concept_drift(observe):
    flipped = from_hour(30, lambda columns: ~columns["right"])("right")

    report = observe(changes={"right": flipped})

    assert report["verdict"] == "concept drift"
    accuracy = report["accuracy"]
    assert accuracy["is_worse"]
    assert accuracy["is_overconfident"]
    assert accuracy["gap"] > 0.5
    assert accuracy["low"] < accuracy["value"] < accuracy["high"]
    assert any("no feature drifts" in each for each in report["reasons"])


def test_loss_of_accuracy_while_features_drift_is_worse(observe):
    changes = {
        "size": from_hour(24, lambda columns: columns["size"] + 3)("size"),
        "right": from_hour(24, lambda columns: ~columns["right"])("right"),
    }

    report = observe(changes=changes)

    assert report["verdict"] == "worse"
    assert report["reasons"][0].startswith("accuracy on ")
    assert any(each.startswith("size drifts") for each in report["reasons"])


def test_better_labels_are_not_worse(observe):
    report = observe(
        changes={"right": lambda columns: np.ones(len(columns["hour"]), bool)}
    )

    assert report["verdict"] == "quiet"


def test_without_labels_the_confidence_is_the_estimate(observe):
    report = observe(labelled=0)

    accuracy = report["accuracy"]
    assert accuracy["value"] is None
    assert accuracy["coverage"] == 0
    assert accuracy["estimate"] == pytest.approx(0.9, abs=0.01)
    assert "none of the 1,440 recent rows has a label" in report["reasons"][-1]


@pytest.mark.parametrize(
    ("hours", "rows", "recent"),
    # Enough windows for a verdict, but at least a day.
    [(200, 1, 100), (200, 3, 102), (72, 60, 24 * 60)],
)
def test_recent_windows_have_enough_rows(observe, hours, rows, recent):
    assert observe(hours=hours, rows=rows)["recent_rows"] == recent


def test_shift_is_found_with_little_traffic(observe):
    shifted = from_hour(500, lambda columns: columns["size"] + 1)("size")

    report = observe(hours=720, rows=1, changes={"size": shifted})

    assert report["verdict"] == "data drift"


def test_few_rows_get_no_verdict(observe):
    report = observe(hours=2, rows=10)

    assert report["verdict"] == "too few rows"
    assert "the database has 20" in report["reasons"][0]


def test_version_without_predictions_is_named(observe):
    report = observe(hours=0, newest_version="1")

    assert report["verdict"] == "too few rows"
    assert report["as_of"] is None
    assert "the newest are of version 1" in report["reasons"][0]


def test_features_that_are_not_stored_do_not_drift(observe, contract):
    hidden = contract.features[0].model_copy(update={"name": "hidden"})
    features = [*contract.features, hidden]

    report = observe(contract.model_copy(update={"features": features}))

    assert report["features"]["hidden"]["not_stored"] == report["rows"]
    assert report["features"]["hidden"]["effect"] is None
    assert report["verdict"] == "quiet"
    assert any(each.startswith("hidden: ") for each in report["reasons"])


def test_contract_of_an_older_release_requires_retraining(observe, contract):
    with pytest.raises(ProjectError, match=r"version 2 of things .* kedro run"):
        observe(contract.model_copy(update={"held_out": None}))


def test_report_is_json(observe):
    report = observe(labelled=0)

    assert json.loads(json.dumps(report, allow_nan=False)) == report
