import numpy as np
import pandas as pd
import pytest

from iris_kedro.notebook.exploring import find_reversals, plot_correlations
from iris_kedro.notebook.exploring.correlations import MOST_WRITTEN


def test_correlations_turn_around_within_the_classes(train_data, dataset):
    together, within = plot_correlations(train_data, dataset).axes[:2]

    texts = [
        [float(text.get_text()) for text in axes.texts] for axes in (together, within)
    ]

    width_and_length = 1 * 4 + 2
    assert texts[0][width_and_length] < 0 < texts[1][width_and_length]


def test_pairs_that_turn_around_are_listed_the_clearest_first(train_data, dataset):
    found = find_reversals(train_data, dataset)

    pairs = set(zip(found["first"], found["second"], strict=True))
    assert ("sepal_width", "petal_length") in pairs
    assert ("petal_length", "petal_width") not in pairs
    assert (found["all rows"] * found["within classes"] < 0).all()
    weaker = found[["all rows", "within classes"]].abs().min(axis=1)
    assert weaker.is_monotonic_decreasing


def test_many_numbers_are_drawn_without_texts(many):
    values = np.random.default_rng(0).normal(size=(20, 30))
    data = pd.DataFrame(values, columns=many.columns)

    figure = plot_correlations(data.assign(species=["setosa", "virginica"] * 10), many)

    assert len(many.numbers) > MOST_WRITTEN
    assert [len(axes.texts) for axes in figure.axes[:2]] == [0, 0]
    assert len(figure.axes) == 3


@pytest.mark.parametrize("names", [("age", "sex"), ("sex", "alone")])
def test_fewer_than_two_numbers_have_no_correlation(mixed_data, mixed, select, names):
    few = select(mixed, *names)

    (axes,) = plot_correlations(mixed_data, few).axes

    assert "no two numbers" in axes.texts[0].get_text()
    assert find_reversals(mixed_data, few).empty
