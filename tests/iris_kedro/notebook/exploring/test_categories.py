import pandas as pd
import pytest

from iris_kedro.notebook.exploring import count_values, plot_categories
from iris_kedro.notebook.exploring.categories import MOST_VALUES


def test_values_are_counted_by_class_with_gaps_and_unknown_ones(mixed_data, mixed):
    counts = count_values(mixed_data, "port", mixed)

    died = mixed_data[mixed_data["survived"] == "0"]["port"]
    assert list(counts.index) == ["C", "NA", "None", "true", "(other)", "(missing)"]
    assert list(counts.columns) == ["0", "1"]
    assert counts.loc["NA", "0"] == (died == "NA").sum() > 0
    assert counts.loc["(other)", "0"] == (died == "Southampton").sum() > 0
    assert counts.loc["(missing)", "0"] == died.isna().sum() > 0


def test_booleans_are_counted_as_true_and_false(mixed_data, mixed):
    counts = count_values(mixed_data, "alone", mixed)

    assert counts.loc["true"].sum() == (mixed_data["alone"] == 1).sum()
    assert list(counts.index) == ["false", "true", "(missing)"]


def test_value_that_no_row_has_is_counted_as_well(mixed_data, mixed):
    counts = count_values(mixed_data[mixed_data["deck"] == "2"], "deck", mixed)

    assert counts.sum(axis=1).to_dict() == {"1": 0, "2": counts.sum().sum(), "3": 0}


def test_rare_ones_of_many_categories_are_counted_together(mixed):
    names = [f"value {number}" for number in range(MOST_VALUES + 5)]
    feature = mixed.features["deck"].model_copy(update={"categories": names})
    many = mixed.model_copy(update={"features": {"deck": feature}})
    frequent = names[5:]
    data = pd.DataFrame({"deck": frequent * 2 + names, "survived": "1"})

    counts = count_values(data, "deck", many)["1"]

    assert counts.to_dict() == {**dict.fromkeys(frequent, 3), "(other)": 5}


def test_bars_are_shares_of_each_class(mixed_data, mixed):
    figure = plot_categories(mixed_data, mixed)

    assert [axes.get_title() for axes in figure.axes] == [
        "deck",
        "sex",
        "port",
        "alone",
    ]
    died, survived = figure.axes[1].containers
    for bars, name in ((died, "0"), (survived, "1")):
        rows = mixed_data[mixed_data["survived"] == name]["sex"]
        shares = [(rows == each).mean() for each in ("female", "male")]
        assert [bar.get_width() for bar in bars] == pytest.approx(shares)
    assert figure.axes[1].texts[0].get_text() == str(
        ((mixed_data["survived"] == "0") & (mixed_data["sex"] == "female")).sum()
    )


def test_table_of_numbers_is_told_in_a_sentence(train_data, dataset):
    (axes,) = plot_categories(train_data, dataset).axes

    assert "no booleans or categories" in axes.texts[0].get_text()
