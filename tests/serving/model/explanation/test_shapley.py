import tracemalloc
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.model.explanation import shapley
from serving.model.explanation.shapley import (
    CHUNK,
    ExactShapley,
    SampledShapley,
    choose_shapley,
)


def score(rows):
    """Predict two classes, with interactions between neighbours."""
    rows = rows.astype(float)
    products = (rows[:, :-1] * rows[:, 1:]).sum(axis=1)
    positive = 1 / (1 + np.exp(-products - np.sin(rows[:, 0])))
    return np.stack([1 - positive, positive], axis=1)


def draw(count, rows=20, seed=0):
    drawn = np.random.default_rng(seed).normal(size=(rows + 1, count))
    return drawn[0].astype(np.float32), drawn[1:].astype(np.float32)


def split(method, row, background, score=score):
    fitted = method(background, score(background))
    return fitted.split(score, row, score(row[None])[0])


def average_over_orders(row, background):
    """Compute Shapley values from their definition."""
    gains = np.zeros((len(row), 2))
    orders = list(permutations(range(len(row))))
    for order in orders:
        rows = background.copy()
        reached = score(rows).mean(axis=0)
        for feature in order:
            rows[:, feature] = row[feature]
            before, reached = reached, score(rows).mean(axis=0)
            gains[feature] += (reached - before) / len(orders)
    return gains


def test_exact_contributions_are_the_average_over_all_orders():
    row, background = draw(5)

    found = split(ExactShapley, row, background)

    expected = average_over_orders(row, background)
    assert found.values == pytest.approx(expected, abs=1e-6)
    assert found.standard_errors is None


@pytest.mark.parametrize("method", [ExactShapley, SampledShapley])
@given(count=st.integers(2, 8), rows=st.integers(1, 30), seed=st.integers(0, 99))
def test_contributions_add_up(method, count, rows, seed):
    row, background = draw(count, rows, seed)

    found = split(method, row, background)

    total = score(background).mean(axis=0) + found.values.sum(axis=0)
    assert total == pytest.approx(score(row[None])[0], abs=1e-9)


def test_the_only_feature_contributes_everything():
    background = np.array([[0.0], [2.0]], np.float32)

    found = split(ExactShapley, np.ones(1, np.float32), background, lambda X: X * 3.0)

    assert found.values == pytest.approx(np.zeros((1, 1)))


def test_few_features_are_exact_and_more_are_sampled():
    for count, method in [(10, ExactShapley), (11, SampledShapley)]:
        _, background = draw(count, 2)

        assert type(choose_shapley(background, score(background))) is method


def test_standard_errors_are_those_of_the_samples():
    """Over many rows, deviations from the exact values are as large as said."""
    _, background = draw(9)
    references = score(background)
    exact, sampled = (
        method(background, references) for method in (ExactShapley, SampledShapley)
    )
    ratios = []
    for seed in range(40):
        row, _ = draw(9, seed=seed + 1)
        predicted = score(row[None])[0]
        found = sampled.split(score, row, predicted)
        deviations = found.values - exact.split(score, row, predicted).values
        ratios.append((deviations / found.standard_errors)[:, 0])

    ratios = np.array(ratios)
    assert 0.8 < np.mean(ratios**2) < 1.25
    assert 0.92 < np.mean(np.abs(ratios) < 1.96) < 0.98


def test_features_that_only_add_up_have_no_sampling_error():
    row, background = draw(30)
    weights = np.linspace(-1, 1, 30)

    found = split(SampledShapley, row, background, lambda X: (X @ weights)[:, None])

    expected = weights * (row - background.mean(axis=0))
    assert found.values[:, 0] == pytest.approx(expected, abs=1e-6)
    assert found.standard_errors == pytest.approx(np.zeros((30, 1)), abs=1e-6)


@pytest.mark.parametrize(
    ("count", "rows"), [(2, 100), (10, 100), (30, 100), (30, 1), (30, 7)]
)
def test_rows_are_predicted_in_chunks(count, rows):
    """Other requests wait no longer than one chunk takes."""
    row, background = draw(count, rows)
    sizes = []

    def record(rows):
        sizes.append(len(rows))
        return score(rows)

    choose_shapley(background, score(background)).split(record, row, np.zeros(2))

    assert max(sizes) <= CHUNK
    assert sum(sizes) < 110_000


def test_one_order_of_many_features_is_more_than_a_chunk(monkeypatch):
    monkeypatch.setattr(shapley, "CHUNK", 16)
    row, background = draw(30, 2)
    sizes = []

    def record(rows):
        sizes.append(len(rows))
        return score(rows)

    found = split(SampledShapley, row, background, record)

    assert max(sizes) <= 16
    total = score(background).mean(axis=0) + found.values.sum(axis=0)
    assert total == pytest.approx(score(row[None])[0], abs=1e-9)


def test_the_rows_of_one_order_are_not_built_at_once(monkeypatch):
    """Their memory would grow with the square of the number of features."""
    monkeypatch.setattr(shapley, "CHUNK", 16)
    monkeypatch.setattr(shapley, "ORDERS", 4)
    row, background = draw(400, 1)
    sampled = SampledShapley(background, score(background))

    tracemalloc.start()
    sampled.split(score, row, score(row[None])[0])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    whole = 2 * len(row) * row.nbytes
    assert peak < whole / 4
