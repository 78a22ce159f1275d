import pytest
from kedro.pipeline import Node, Pipeline

from iris_kedro.hooks.tracking import list_results
from iris_kedro.pipelines import model_release, monitoring, reporting

TRAINING = Pipeline([Node(len, "models", "leaderboard", name="train")])
RELEASE = model_release.create_pipeline()
REPORTING = reporting.create_pipeline()


@pytest.mark.parametrize(
    ("pipeline", "results"),
    [
        (TRAINING, ["leaderboard"]),
        (RELEASE, ["gate_report"]),
        (RELEASE + REPORTING, ["leaderboard", "gate_report"]),
        (REPORTING, []),  # it shows the results of an earlier run
        (TRAINING + REPORTING, ["leaderboard"]),
        (monitoring.create_pipeline(), ["monitoring.report"]),
    ],
)
def test_run_has_the_results_that_it_produced(pipeline, results):
    assert list_results(pipeline) == results
