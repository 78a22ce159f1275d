import pytest
from rich.console import Console

from iris_kedro.hooks.summary import print_summary

QUIET = {"log_e": -3.0, "effect": 0.05, "drifts": False, "shown_at": None}
DRIFT = {
    "log_e": 12.34,
    "effect": 0.41,
    "drifts": True,
    "shown_at": "2026-09-24T06:00:00+00:00",
}
REPORT = {
    "model": "iris",
    "version": "3",
    "verdict": "data drift",
    "reasons": ["petal_length drifts: [41%] of the rows have moved"],
    "features": {"sepal_length": QUIET, "petal_length": DRIFT},
    "predictions": QUIET,
    "confidence": {**QUIET, "effect": None},
    "timeline": [{}],
}


@pytest.fixture
def show():
    def show(env=None, width=120, **changes):
        console = Console(width=width, record=True, file=open("/dev/null", "w"))
        print_summary({"monitoring.report": {**REPORT, **changes}}, env, console)
        return console.export_text()

    return show


def test_verdict_comes_with_its_reasons(show):
    text = show()

    assert "Model       iris version 3\nMonitoring  data drift\n" in text
    assert "            petal_length drifts: [41%] of the rows have moved" in text


def test_features_that_drift_come_first(show):
    lines = [line for line in show().splitlines() if line.startswith("│")]

    cells = [[each.strip() for each in line.split("│")[1:-1]] for line in lines]
    assert cells[0] == ["➤", "petal length", "41%", "12.3", "2026-09-24 06:00"]
    assert cells[-1] == ["", "confidence", "–", "-3.0", ""]


def test_many_features_are_cut(show):
    text = show(features={f"f{number}": QUIET for number in range(20)})

    assert "and 8 more" in text


@pytest.mark.parametrize(
    ("verdict", "command"),
    [
        ("data drift", "POST /feedback"),
        ("too few rows", ".venv/bin/kedro run --pipelines monitoring --env wine"),
    ],
)
def test_next_step_follows_from_the_verdict(show, verdict, command):
    assert f"Next        {command} " in show("wine", verdict=verdict)


def test_too_few_rows_show_no_drift(show):
    assert "rows moved" in show()
    assert "rows moved" not in show(verdict="too few rows")


@pytest.mark.parametrize("verdict", ["worse", "concept drift"])
def test_loss_of_accuracy_suggests_training_on_the_labels(show, verdict):
    command = (
        ".venv/bin/kedro run --env wine"
        " --params data_engineering.labelled_rows.enabled=true"
    )

    text = show("wine", width=60, verdict=verdict)

    assert f"\nTo train again, with new labels:\n{command}\n" in text
