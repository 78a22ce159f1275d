import pytest

from iris_kedro.notebook.exploring import plot_split


@pytest.mark.parametrize("name", ["setosa", "virginica"])
def test_split_counts_both_sides(train_data, test_data, dataset, name):
    (axes,) = plot_split(train_data, test_data, dataset).axes

    labels = [text.get_text() for text in axes.get_legend().get_texts()]

    assert f"{name}, training: {(train_data['species'] == name).sum()}" in labels
    assert f"{name}, held out: {(test_data['species'] == name).sum()}" in labels


@pytest.mark.parametrize("names", [("age", "sex"), ("sex", "alone")])
def test_split_without_two_numbers_is_drawn_as_counts(mixed_data, mixed, select, names):
    train, test = mixed_data[:150], mixed_data[150:]

    (axes,) = plot_split(train, test, select(mixed, *names)).axes

    assert [bar.get_height() for bar in axes.patches] == [
        (rows["survived"] == name).sum()
        for name in ("0", "1")
        for rows in (train, test)
    ]
