"""The same counts from PostgreSQL, whose casts and groups differ."""

import pytest

from iris_kedro.canary.findings import evaluate
from iris_kedro.canary.pairs import read_pairs
from serving.database import schema
from serving.database.engine import connect

BUDGET = 5.0  # milliseconds


@pytest.fixture
def url(postgres_url):
    schema.upgrade(connect(postgres_url))
    return postgres_url


def test_rows_are_counted(engine, answer, make_trial, canary_parameters):
    trial = make_trial()
    answer(trial, [("a", "a", "a"), ("b", "a", "a")] * 20, seconds=9, other_seconds=0)
    answer(trial, [("a", "b", "a"), ("b", "b", None)], after_hours=2.1)

    pairs = read_pairs(engine, "iris", trial, BUDGET)
    found = evaluate(pairs, canary_parameters)

    assert (pairs.rows, pairs.rows_at_share, pairs.agreeing) == (42, 42, 21)
    assert pairs.gained_by_class.tolist() == [[0, 0, 1], [20, 0, 0]]
    assert pairs.labels.tolist() == [[20, 0, 0], [0, 0, 1], [20, 0, 0], [0, 0, 0]]
    assert pairs.slow.tolist() == [[40], [0], [40]]
    assert (found.labelled, found.lost, found.gained) == (41, 20, 1)
    assert found.e_worse > 1000
