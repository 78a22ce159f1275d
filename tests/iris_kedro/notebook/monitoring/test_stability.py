import numpy as np
import pytest

from iris_kedro.notebook.monitoring import measure_stability
from iris_kedro.notebook.monitoring.figures import GRAVE, NOTICEABLE
from iris_kedro.notebook.monitoring.stability import stability_index


def test_equal_distributions_have_no_index():
    values = np.random.default_rng(0).normal(size=500)

    assert stability_index(values, values) == 0


def test_index_knows_noise_from_a_shift():
    generator = np.random.default_rng(0)
    training, same = generator.normal(size=(2, 2_000))

    assert stability_index(same, training) < NOTICEABLE
    assert stability_index(same + 1, training) > GRAVE


def test_index_is_finite_when_everything_moved_away():
    assert np.isfinite(stability_index(np.full(9, 100.0), np.arange(9.0)))


def test_index_does_not_mind_many_equal_values():
    training = np.array([1.0] * 90 + [2.0] * 10)

    assert stability_index(training[::2], training) == pytest.approx(0, abs=1e-9)


def test_stability_has_a_value_for_each_feature(train_data, test_data, dataset):
    index = measure_stability(test_data[dataset.columns], train_data)

    assert list(index.index) == dataset.columns


def test_index_of_texts_compares_how_often_each_occurs():
    training = np.array(["a", "b"] * 50, object)
    shares = {"a": (0.5, 0.9), "b": (0.5, 0.1)}

    index = stability_index(np.array(["a"] * 9 + ["b"], object), training)

    assert index == pytest.approx(
        sum((new - old) * np.log(new / old) for old, new in shares.values())
    )


@pytest.mark.parametrize(
    ("value", "gap"), [(1.0, np.nan), ("a", None)], ids=["number", "text"]
)
def test_index_rises_when_values_begin_to_lack(value, gap):
    training = np.array([value] * 10)
    lacking = np.array([value] * 5 + [gap] * 5)

    assert stability_index(training, training) == 0
    assert stability_index(lacking, training) > GRAVE


def test_stability_has_a_value_for_each_type(mixed_data, mixed):
    rows = mixed_data[mixed.columns]

    index = measure_stability(rows[:100], rows)

    assert list(index.index) == mixed.columns
    assert index.between(0, GRAVE).all()
