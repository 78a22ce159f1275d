import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iris_kedro.model.explanation import explain

WEIGHTS = st.lists(st.floats(-5, 5), min_size=3, max_size=3).map(np.array)


@pytest.fixture
def background():
    return np.random.default_rng(0).normal(size=(30, 3))


@given(weights=WEIGHTS, row=WEIGHTS)
def test_linear_model_is_shared_out_by_weight_and_distance(weights, row):
    background = np.random.default_rng(0).normal(size=(30, 3))

    found = explain(lambda X: X @ weights, row, background)

    expected = weights * (row - background.mean(axis=0))
    assert found.contributions == pytest.approx(expected, abs=1e-9)
    assert found.baseline == pytest.approx((background @ weights).mean(), abs=1e-9)


def test_shares_add_up_to_the_value_with_interactions(background):
    def predict(X):
        return X[:, 0] * X[:, 1] + np.sin(X[:, 2])

    row = np.array([1.0, 2.0, 3.0])

    assert explain(predict, row, background).value == pytest.approx(2 + np.sin(3))


def test_feature_that_does_not_matter_gets_nothing(background):
    found = explain(lambda X: X[:, 0] ** 2, np.array([2.0, 9.0, 9.0]), background)

    assert found.contributions[1:] == pytest.approx([0, 0])


def test_features_that_matter_alike_get_alike():
    background = np.zeros((1, 3))

    found = explain(lambda X: X.prod(axis=1), np.ones(3), background)

    assert found.contributions == pytest.approx([1 / 3] * 3)


def test_background_is_left_as_it_was(background):
    before = background.copy()

    explain(lambda X: X[:, 0], np.ones(3), background)

    assert (background == before).all()


def test_many_features_are_shared_out_without_trying_all_subsets():
    generator = np.random.default_rng(0)
    background, row = generator.normal(size=(20, 30)), generator.normal(size=30)
    weights = generator.normal(size=30)
    calls = []

    def predict(X):
        calls.append(len(X))
        return X @ weights + X[:, 0] * X[:, 1]

    found = explain(predict, row, background)

    expected = (weights * (row - background.mean(axis=0)))[2:]
    assert found.contributions[2:] == pytest.approx(expected)
    assert found.value == pytest.approx(row @ weights + row[0] * row[1])
    assert len(calls) < 2_000


def test_many_features_that_matter_alike_get_about_alike():
    background = np.zeros((1, 12))

    found = explain(lambda X: X[:, :2].prod(axis=1), np.ones(12), background)

    assert found.contributions == pytest.approx([0.5] * 2 + [0] * 10, abs=1e-9)


def test_rows_may_hold_texts():
    background = np.array([["a", 1.0], ["b", 2.0]], object)

    found = explain(
        lambda X: (X[:, 0] == "a") * X[:, 1].astype(float),
        np.array(["a", 3.0], object),
        background,
    )

    assert found.value == pytest.approx(3)
