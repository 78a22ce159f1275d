import numpy as np
import pytest

from iris_kedro.model.contract import Contract
from iris_kedro.model.scoring import Scores
from iris_kedro.pipelines.reporting.measures import measure_calibration

COSTS = {
    "setosa": {"versicolor": 1.0, "virginica": 1.0},
    "versicolor": {"setosa": 1.0, "virginica": 1.0},
    "virginica": {"setosa": 40.0, "versicolor": 40.0},
}


@pytest.mark.parametrize(
    ("costs", "bins"),
    [(None, [(0.0, 0.6)]), (COSTS, [(0.0, 0.2), (0.2, 0.4), (0.4, 0.6)])],
    ids=["most probable", "costs"],
)
def test_low_probabilities_have_bins_where_they_can_win(challenger, gate, costs, bins):
    contract = Contract.read(challenger)
    target = contract.target.model_copy(update={"costs": costs})
    sure = np.array([0.1, 0.3, 0.5])
    probabilities = np.column_stack([1 - sure, 0 * sure, sure]).astype(np.float32)
    scores = Scores(np.full(3, "virginica"), probabilities)
    if costs is None:
        scores = Scores(np.full(3, "setosa"), np.full((3, 3), 1 / 3, np.float32))

    measured = measure_calibration(
        scores,
        np.array([False, True, True]),
        contract.model_copy(update={"target": target}),
        gate,
    )

    assert [(each["low"], each["high"]) for each in measured] == bins
    assert sum(each["rows"] for each in measured) == 3
