import pandas as pd
import pytest

from iris_kedro.notebook.exploring import (
    find_outliers,
    label,
    plot_correlations,
    plot_distributions,
    plot_pairs,
    plot_ranges,
    plot_split,
)


def count_points(figure):
    return sum(
        len(points.get_offsets()) for axes in figure.axes for points in axes.collections
    )


def test_label_names_the_unit(dataset):
    assert label("petal_width", dataset) == "petal width (cm)"


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


def test_correlations_turn_around_within_the_classes(train_data, dataset):
    together, within = plot_correlations(train_data, dataset).axes[:2]

    texts = [
        [float(text.get_text()) for text in axes.texts] for axes in (together, within)
    ]

    width_and_length = 1 * 4 + 2
    assert texts[0][width_and_length] < 0 < texts[1][width_and_length]


def test_ranges_have_a_line_for_each_feature(train_data, dataset):
    (axes,) = plot_ranges(train_data, dataset).axes

    assert [line.get_xdata().tolist() for line in axes.lines] == [[0.1, 20]] * 4


@pytest.mark.parametrize("name", ["setosa", "virginica"])
def test_split_counts_both_sides(train_data, test_data, dataset, name):
    (axes,) = plot_split(train_data, test_data, dataset).axes

    labels = [text.get_text() for text in axes.get_legend().get_texts()]

    assert f"{name}, training: {(train_data['species'] == name).sum()}" in labels
    assert f"{name}, held out: {(test_data['species'] == name).sum()}" in labels
