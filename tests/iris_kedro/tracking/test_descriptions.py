import pytest

from iris_kedro.tracking.descriptions import (
    describe_candidate,
    describe_run,
    find_title,
    link,
    name_run,
)


def make_entry(name, loss, **changes):
    return {
        "candidate": name,
        "scores": {"log_loss": {"mean": loss, "standard_error": 0.05}},
        "best_parameters": {},
        "releasable": True,
        "reason": "",
        "chosen": False,
        **changes,
    }


LEADERBOARD = {
    "metric": "log_loss",
    "folds": 5,
    "repeats": 2,
    "candidates": [
        make_entry("naive_bayes", 0.1, chosen=True, best_parameters={"C": 1.0}),
        make_entry("random_forest", 0.3),
    ],
    "baseline": {"log_loss": {"mean": 1.1, "standard_error": 0.0}},
}
REPORT = {"candidate": "naive_bayes", "verdict": "better", "reasons": ["lower loss"]}
MONITORING = {"version": "3", "verdict": "quiet"}


@pytest.mark.parametrize(
    ("results", "title"),
    [
        ({"leaderboard": LEADERBOARD}, "not judged · naive bayes"),
        ({"leaderboard": LEADERBOARD, "gate_report": REPORT}, "better · naive bayes"),
        ({"monitoring.report": MONITORING}, "monitoring of version 3 · quiet"),
        (
            {"batch_inference.report": {"scored": 1500, "version": "3"}},
            "1,500 rows scored by version 3",
        ),
        ({}, ""),
    ],
)
def test_title_is_the_result(results, title):
    assert find_title(results) == title


def test_name_ends_in_the_start_of_the_id():
    assert name_run("failed", "0123456789abcdef") == "failed · 0123456"


def test_run_is_described_by_verdict_reasons_and_candidates():
    results = {"leaderboard": LEADERBOARD, "gate_report": REPORT}

    text = describe_run(results, {"random_forest": ("1", "f00")})

    assert "naive bayes: **better**\n\n- lower loss" in text
    assert "| **naive bayes** | **0.100 ± 0.050** |" in text
    assert "| [random forest](#/experiments/1/runs/f00) | 0.300 ± 0.050 |" in text
    assert "5-fold cross-validation, repeated 2 times; log loss decides." in text
    assert "under `reports`" in text


def test_long_list_of_reasons_leaves_room_for_the_candidates():
    report = REPORT | {"reasons": [f"recall of {name}" for name in range(200)]}

    text = describe_run({"leaderboard": LEADERBOARD, "gate_report": report}, {})

    assert "- recall of 29\n- and 170 more, in the gate report" in text
    assert len(text) < 8_000


def test_run_that_only_trains_has_no_verdict():
    assert "verdict" not in describe_run({"leaderboard": LEADERBOARD}, {})


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({"chosen": True}, ["**Chosen** in the run [it](#/experiments/1/runs/f00)"]),
        ({}, ["**Not chosen**", "log loss 0.200 ± 0.050."]),
        ({"best_parameters": {"C": 10.0}}, ["The search chose `C` = 10.0."]),
        (
            {"releasable": False, "reason": "no converter"},
            ["**Not releasable**", "Not releasable: no converter"],
        ),
    ],
)
def test_candidate_is_described_by_its_outcome(changes, parts):
    entry = make_entry("tree", 0.2, **changes)

    text = describe_candidate(entry, LEADERBOARD, link("it", "1", "f00"))

    assert [part for part in parts if part not in text] == []
