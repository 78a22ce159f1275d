import numpy as np
import pandas as pd
import pytest

from iris_kedro.notebook.monitoring import plot_drift, plot_stability, plot_values

VALUES = pd.DataFrame(
    {"training": [0.5, 0.5, 1.0], "service": [0.2, 0.8, np.nan]},
    index=pd.MultiIndex.from_tuples(
        [("sex", "female"), ("sex", "male"), ("alone", "true")]
    ),
)


@pytest.mark.parametrize(
    "draw", [lambda values: plot_drift(values, 0.5), plot_stability]
)
def test_each_feature_has_a_bar_for_each_day(draw):
    values = {
        "one": pd.Series({"a": 0.1, "b": 0.2}),
        "two": pd.Series({"a": 1, "b": 2}),
    }

    (axes,) = draw(values).axes

    assert sum(len(container) for container in axes.containers) == 4


def test_each_value_has_a_bar_for_training_and_each_day():
    figure = plot_values({"quiet": VALUES, "broken": VALUES})

    assert [axes.get_title() for axes in figure.axes] == ["sex", "alone"]
    training, quiet, broken = figure.axes[0].containers
    assert [bar.get_width() for bar in training] == [0.5, 0.5]
    assert [bar.get_width() for bar in quiet] == [0.2, 0.8]
    assert [bar.get_width() for bar in broken] == [0.2, 0.8]


def test_table_of_one_type_is_told_in_a_sentence_about_the_other():
    (drift,) = plot_drift({"quiet": pd.Series(dtype=float)}, 0.5).axes
    (values,) = plot_values({"quiet": VALUES[:0]}).axes

    assert "no numbers" in drift.texts[0].get_text()
    assert "no booleans or categories" in values.texts[0].get_text()
