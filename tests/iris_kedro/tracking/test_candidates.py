import mlflow
import pytest

from iris_kedro.tracking.candidates import describe_training

LEADERBOARD = {
    "metric": "accuracy",
    "folds": 5,
    "repeats": 1,
    "candidates": [
        {
            "candidate": name,
            "scores": {"accuracy": {"mean": 0.9, "standard_error": 0.01}},
            "best_parameters": {},
            "releasable": True,
            "reason": "",
            "chosen": name == "naive_bayes",
        }
        for name in ("naive_bayes", "random_forest")
    ],
    "baseline": {"accuracy": {"mean": 0.3, "standard_error": 0.0}},
}
REPORT = {"candidate": "naive_bayes", "verdict": "better", "reasons": []}


@pytest.fixture
def describe(tracking):
    """Return a function that describes a run of two candidates; return all three."""

    def describe(results, **tags):
        with mlflow.start_run(run_name="parent", tags=tags) as run:
            for name in ("naive_bayes", "random_forest"):
                mlflow.start_run(nested=True, tags={"candidate": name})
                mlflow.end_run()
            mlflow.start_run(nested=True, run_name="of somebody else")
            mlflow.end_run()
        describe_training(run.info.run_id, {"leaderboard": LEADERBOARD, **results})
        found = tracking.search_runs(
            [run.info.experiment_id], order_by=["attributes.start_time ASC"]
        )
        return found[:3]

    return describe


def test_run_and_candidates_link_to_each_other(describe):
    parent, chosen, _ = describe({})

    assert f"runs/{chosen.info.run_id})" in parent.data.tags["mlflow.note.content"]
    assert f"runs/{parent.info.run_id})" in chosen.data.tags["mlflow.note.content"]


def test_candidates_are_named_after_themselves_and_their_run(describe):
    parent, _, forest = describe({})

    assert forest.info.run_name == f"random forest · {parent.info.run_id[:7]}"


def test_candidates_have_the_tags_of_their_run(describe):
    tags = {"dataset": "iris", "data_digest": "sha256:1", "env": "test", "host": "here"}

    _, chosen, forest = describe({"gate_report": REPORT}, verdict="better", **tags)

    assert chosen.data.tags.items() >= {"verdict": "better", "env": "test"}.items()
    assert forest.data.tags["verdict"] == "not chosen"
    assert forest.data.tags["data_digest"] == "sha256:1"
    assert "host" not in forest.data.tags


def test_candidate_without_a_gate_is_only_chosen(describe):
    _, chosen, _ = describe({})

    assert chosen.data.tags["verdict"] == "chosen"


def test_run_without_candidates_of_its_own_is_described_too(tracking):
    run = mlflow.start_run()
    mlflow.end_run()

    describe_training(run.info.run_id, {"leaderboard": LEADERBOARD})

    note = tracking.get_run(run.info.run_id).data.tags["mlflow.note.content"]
    assert "| **naive bayes** |" in note


def test_run_that_only_judges_an_earlier_challenger_is_described(tracking):
    run = mlflow.start_run()
    mlflow.end_run()

    describe_training(run.info.run_id, {"gate_report": REPORT})

    note = tracking.get_run(run.info.run_id).data.tags["mlflow.note.content"]
    assert "**better**" in note
    assert "|" not in note


def test_description_by_the_user_is_kept(tracking):
    run = mlflow.start_run(description="Before the new sensors")
    mlflow.end_run()

    describe_training(run.info.run_id, {"leaderboard": LEADERBOARD})

    tags = tracking.get_run(run.info.run_id).data.tags
    assert tags["mlflow.note.content"] == "Before the new sensors"
