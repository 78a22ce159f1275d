import mlflow
import pytest

from iris_kedro.hooks.relocation import follow_move


@pytest.fixture
def experiment(tracking, tmp_path):
    """Make an experiment with two runs in another folder; one is here as well."""
    experiment = tracking.create_experiment("moved", f"file://{tmp_path}/old/mlruns")
    here, elsewhere = (tracking.create_run(experiment).info.run_id for _ in range(2))
    (tmp_path / "mlruns" / here / "artifacts").mkdir(parents=True)
    return experiment, here, elsewhere


@pytest.fixture
def follow(tmp_path, experiment, tracking):
    """Return a function that follows a move, unless another situation is given."""

    def follow(**others):
        given = {
            "project": tmp_path,
            "tracking_uri": mlflow.get_tracking_uri(),
            "location": f"file://{tmp_path}/old/mlruns",
            "wanted": f"file://{tmp_path}/mlruns",
        }
        follow_move(**given | others)
        identifier, *runs = experiment
        return (
            tracking.get_experiment(identifier).artifact_location,
            *(tracking.get_run(run).info.artifact_uri for run in runs),
        )

    return follow


def test_experiment_and_runs_that_are_here_follow_the_project(
    follow, experiment, tmp_path
):
    _, here, elsewhere = experiment

    assert follow() == (
        f"file://{tmp_path}/mlruns",
        f"file://{tmp_path}/mlruns/{here}/artifacts",
        f"file://{tmp_path}/old/mlruns/{elsewhere}/artifacts",
    )


@pytest.mark.parametrize(
    "others",
    [
        {"tracking_uri": "http://mlflow.example"},
        {"tracking_uri": "sqlite:////elsewhere/mlflow.db"},
        {"wanted": "s3://bucket/mlruns"},
        {"location": "file:///old/artifacts"},
        {"location": "mlflow-artifacts:/1"},
    ],
    ids=["server", "database elsewhere", "store elsewhere", "other name", "proxy"],
)
def test_addresses_stay_where_nothing_was_moved(follow, tmp_path, others):
    location, *_ = follow(**others)

    assert location == f"file://{tmp_path}/old/mlruns"
