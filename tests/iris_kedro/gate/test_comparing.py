import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iris_kedro.gate.comparing import compare_answers
from iris_kedro.gate.performance import grade
from iris_kedro.gate.release import RegistryState, ReleasedModel
from iris_kedro.gate.released import find_unseen
from iris_kedro.model.decision import DecisionRule
from iris_kedro.pipelines.model_release.nodes import compare
from iris_kedro.specification import DatasetSplit, Split
from iris_kedro.tables.split import describe_split, find_held_out

SHARES = st.floats(0.05, 0.95)
SALTS = st.sampled_from(["one", "two", "three"])


def by(dataset, method):
    split = DatasetSplit(method=method, column="key")
    return dataset.model_copy(update={"split": split})


def split_rows(rows, dataset, salt="one", test_size=0.3):
    """Return the rule of a split, the training rows and the held-out ones."""
    parameters = Split(test_size=test_size, salt=salt, minimum_rows_per_class=1)
    rule = describe_split(rows, dataset, parameters)
    held_out = find_held_out(rows, dataset.columns, rule)
    return rule, rows[~held_out], rows[held_out]


@given(old=SHARES, new=SHARES, salts=st.tuples(SALTS, SALTS), more=st.integers(0, 200))
@settings(max_examples=30, suppress_health_check=list(HealthCheck))
@pytest.mark.parametrize("method", ["group", "time"])
def test_production_is_never_evaluated_on_groups_or_times_that_it_has_seen(
    method, old, new, salts, more, dataset, challenger, change_contract, flower
):
    """Production was trained on the first 200 rows; later, there are more of them."""
    described = by(dataset, method)
    rows = flower(["setosa", "versicolor", "virginica"] * 134)[: 200 + more]
    numbers = np.random.default_rng(more).integers(0, 150, len(rows))
    keys = pd.Series(numbers).astype("str" if method == "group" else "float64")
    rows = rows.assign(**{f"{method}: key": keys})
    rule, seen, _ = split_rows(rows[:200], described, salts[0], old)
    production = ReleasedModel("1", change_contract(challenger, split=rule))

    _, _, held_out = split_rows(rows, described, salts[1], new)
    try:
        judged = held_out[find_unseen(production, held_out, described)]
    except ValueError as error:
        assert "trained on every held-out row" in str(error)
        return

    key = f"{method}: key"
    assert not set(judged[key]) & set(seen[key])
    if method == "time":
        assert judged[key].min() > seen[key].max()


@pytest.mark.parametrize("method", ["group", "time"])
def test_challenger_with_another_split_is_not_compared(
    method, dataset, challenger, test_data, gate
):
    rows = test_data.assign(**{f"{method}: key": range(len(test_data))})
    registry = RegistryState(ReleasedModel("7", challenger), fingerprints={})

    comparison = compare(challenger, 0.1, registry, rows, by(dataset, method), gate)

    assert "its rows were split by a hash of their values" in comparison.incompatibility
    assert comparison.difference is None


def test_production_with_another_split_is_not_compared(
    judge, challenger, change_contract, dataset, test_data
):
    rows = test_data.assign(**{"group: key": list(map(str, range(len(test_data))))})
    rule, *_ = split_rows(rows, by(dataset, "group"))

    comparison = judge(challenger, change_contract(challenger, split=rule))

    assert "its rows were split by group (key)" in comparison.incompatibility


# --- Costs ---------------------------------------------------------------------------

SIDES = ["healthy", "sick"]
BY_THRESHOLD = DecisionRule(SIDES, "sick", 0.1)
BY_COSTS = DecisionRule(SIDES, costs={"healthy": {"sick": 1}, "sick": {"healthy": 9}})


@pytest.fixture
def differ(gate):
    """Compare a model that finds all 40 sick of 400 with one that finds none.

    It is wrong five times as often, about those that it suspects.
    """
    y = np.array(["sick"] * 40 + ["healthy"] * 360)
    suspected = np.where(np.arange(400) < 240, 0.17, 0.01)
    nobody = np.full(400, 0.09)

    def differ(rule):
        ours, theirs = (
            grade(rule.decide(each), each.max(axis=1), each, y, SIDES, rule)
            for each in (np.column_stack([1 - p, p]) for p in (suspected, nobody))
        )
        return compare_answers("version 1", ours, theirs, gate)

    return differ


@pytest.mark.parametrize(
    ("rule", "reduction"),
    [(BY_THRESHOLD, (40 * 0.9 - 200 * 0.1) / 400), (BY_COSTS, (40 * 9 - 200) / 400)],
    ids=["threshold", "costs"],
)
def test_mistakes_are_weighted_by_their_costs(differ, rule, reduction):
    difference = differ(rule)

    assert (difference.gained, difference.lost) == (40, 200)
    assert difference.cost_reduction.value == pytest.approx(reduction)
    assert 0 < difference.cost_reduction.low < reduction


def test_without_threshold_and_costs_all_mistakes_are_equal(differ):
    assert differ(DecisionRule(SIDES)).cost_reduction is None
