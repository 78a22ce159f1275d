import pytest
from rich.console import Console

from iris_kedro.hooks.summary import print_summary

QUIET = {"drifts": False, "effect": 0.04}
REPORT = {
    "model": "iris",
    "version": "3",
    "target": "scores/",
    "rows": 2_000_000,
    "scored": 1_999_900,
    "rejected": 100,
    "rejects": {"petal_width: too_large": 90, "sepal_width: null": 30},
    "out_of_range": {"petal_width": 20_000},
    "predictions": {"setosa": 999_950, "virginica": 999_950},
    "features": {"sepal_length": QUIET, "petal_width": {"drifts": True}},
    "answers": {"prediction": QUIET, "confidence": QUIET},
    "parts": 8,
    "resumed_parts": 0,
    "seconds": 4.0,
}


@pytest.fixture
def show():
    def show(**changes):
        console = Console(width=120, record=True, file=open("/dev/null", "w"))
        report = {**REPORT, **changes}
        print_summary({"batch_inference.report": report}, None, console)
        return console.export_text()

    return show


def test_summary_has_rows_classes_drift_and_what_is_unusual(show):
    lines = [line.rstrip() for line in show().splitlines()]

    assert lines[:11] == [
        "Model       iris version 3",
        "Scored      1,999,900 of 2,000,000 rows in 4 s, 500,000 a second",
        "Rejected    100 (0.01%)",
        "            petal_width: too_large  90 (0.00%)",
        "            sepal_width: null  30 (0.00%)",
        "Predicted   setosa  999,950 (50.00%)",
        "            virginica  999,950 (50.00%)",
        "Drift       petal_width",
        "Unusual     values outside the range of the training",
        "            petal_width  20,000 (1.00%)",
        "",
    ]


def test_next_steps_name_the_folders(show):
    text = show()

    assert "Next        scores/            the scores, a file for each part" in text
    assert "            scores/_rejects/   the rejected rows, and why" in text


def test_nothing_unusual_is_not_mentioned(show):
    text = show(rejected=0, rejects={}, out_of_range={}, features={"a": QUIET})

    assert "Rejected" not in text
    assert "_rejects" not in text
    assert "Unusual" not in text
    assert "Drift       none shown (largest change: a, 4% of the rows)" in text


def test_summary_without_a_scored_row_omits_predictions_and_drift(show):
    empty = {"predictions": {"setosa": 0}, "out_of_range": {}}
    text = show(scored=0, rejected=2_000_000, **empty)

    assert "Scored      0 of 2,000,000 rows" in text
    assert "Predicted" not in text
    assert "Drift" not in text


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"resumed_parts": 8}, "rows, all by an earlier run\n"),
        ({"resumed_parts": 3}, "rows in 8 parts, 3 of them by an earlier run\n"),
        ({"seconds": 0.2}, "of 2,000,000 rows\n"),
    ],
)
def test_rate_is_only_shown_where_it_says_something(show, changes, expected):
    lines = [f"{line.rstrip()}\n" for line in show(**changes).splitlines()]

    assert lines[1].endswith(expected)


def test_many_classes_and_features_are_cut(show):
    text = show(
        predictions={f"class {number}": 10 for number in range(25)},
        features={f"feature {number}": {"drifts": True} for number in range(25)},
    )

    assert text.count("class ") == 10
    assert "            and 15 more" in text
    assert "feature 9 and 15 more" in " ".join(text.split())


def test_odd_names_are_shown_as_they_are(show):
    text = show(
        predictions={"[red]": 10},
        rejects={"[bold]: null": 1},
        features={"[blue]": {"drifts": True}},
        target="s[1]/",
    )

    assert "[red]  10" in text
    assert "[bold]: null  1" in text
    assert "Drift       [blue]" in text
    assert "s[1]/_rejects/" in text


def test_model_of_an_older_release(show):
    assert "unknown: the model was trained by an older" in show(features={}, answers={})
