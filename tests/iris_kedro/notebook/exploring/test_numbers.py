import numpy as np
import pandas as pd
import pytest

from iris_kedro.notebook.exploring import (
    find_outliers,
    plot_distributions,
    plot_pairs,
    plot_ranges,
)
from iris_kedro.specification import Number


def count_points(figure):
    return sum(
        len(points.get_offsets()) for axes in figure.axes for points in axes.collections
    )


def test_outliers_are_found_in_their_own_class(train_data, dataset):
    # Usual for virginica, but not for setosa.
    row = train_data[train_data["species"] == "setosa"].index[0]
    strange = train_data.copy()
    strange.loc[row, "petal_length"] = 5.5

    found = find_outliers(strange, dataset)

    (strangest,) = found[found["row"] == row].to_dict("records")
    assert (strangest["feature"], strangest["value"]) == ("petal_length", 5.5)
    assert strangest["fence"] < 5.5


def test_no_outliers_give_an_empty_table(dataset):
    equal = pd.DataFrame({name: [1.0] * 6 for name in dataset.columns})

    found = find_outliers(equal.assign(species=["setosa", "virginica"] * 3), dataset)

    assert found.empty
    assert list(found) == ["row", "species", "feature", "value", "fence"]


def test_pairs_show_each_row_once_in_each_picture(train_data, dataset):
    figure = plot_pairs(train_data, dataset)

    pictures = [axes for axes in figure.axes if axes.get_visible()]
    assert len(pictures) == 10
    densities = 4 * 3
    assert sum(len(axes.collections) for axes in pictures) == densities + 6 * 3 + 3


def test_pairs_are_drawn_for_a_class_without_spread(dataset):
    equal = pd.DataFrame({name: [1.0, 2.0, 3.0] for name in dataset.columns})

    assert plot_pairs(equal.assign(species=dataset.target.classes), dataset)


def test_distributions_ring_the_outliers(train_data, dataset):
    figure = plot_distributions(train_data, dataset)

    rings = len(find_outliers(train_data, dataset))
    assert count_points(figure) == 4 * len(train_data) + rings


def test_ranges_have_a_line_for_each_feature(train_data, dataset):
    (axes,) = plot_ranges(train_data, dataset).axes

    assert [line.get_xdata().tolist() for line in axes.lines] == [[0, 1]] * 4
    assert [text.get_text() for text in axes.texts] == ["0.1", "20"] * 4


def test_ranges_show_values_within_their_own_bounds(many):
    features = {"number_0": Number(minimum=-40, maximum=60)}
    dataset = many.model_copy(update={"features": features})

    (axes,) = plot_ranges(pd.DataFrame({"number_0": [-40, 10, 60]}), dataset).axes

    assert axes.collections[0].get_offsets()[:, 0].tolist() == [0, 0.5, 1]


def test_thirty_numbers_do_not_draw_900_axes(many):
    values = np.random.default_rng(0).normal(size=(20, 30))
    data = pd.DataFrame(values, columns=many.columns)
    data = data.assign(species=["setosa", "virginica"] * 10)

    pairs, distributions = plot_pairs(data, many), plot_distributions(data, many)

    assert sum(axes.get_visible() for axes in pairs.axes) == 21
    assert len(distributions.axes) == 30
    assert distributions.axes[0].get_gridspec().ncols == 4


def test_gaps_are_left_out(mixed_data, mixed):
    figure = plot_distributions(mixed_data, mixed)

    age = figure.axes[0]
    rings = (find_outliers(mixed_data, mixed)["feature"] == "age").sum()
    points = sum(len(each.get_offsets()) for each in age.collections)
    assert points == mixed_data["age"].notna().sum() + rings
    assert plot_pairs(mixed_data, mixed)


def test_one_number_has_one_picture(mixed_data, mixed, select):
    one = select(mixed, "age", "sex")

    assert len(plot_pairs(mixed_data, one).axes) == 1
    assert len(plot_distributions(mixed_data, one).axes) == 1


@pytest.mark.parametrize("draw", [plot_pairs, plot_distributions, plot_ranges])
def test_table_without_numbers_is_told_in_a_sentence(mixed_data, mixed, select, draw):
    (axes,) = draw(mixed_data, select(mixed, "sex", "alone")).axes

    assert axes.texts[0].get_text() == "The table has no numbers."
