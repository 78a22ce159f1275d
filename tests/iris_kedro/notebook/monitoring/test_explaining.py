import numpy as np
import pytest

from iris_kedro.notebook.monitoring import plot_explanation
from iris_kedro.notebook.monitoring.explaining import MOST_DRAWN


def explain(baseline, **gains):
    return {
        "prediction": "a",
        "baseline": {"a": baseline, "b": 1 - baseline},
        "contributions": {
            name: {"a": gain, "b": -gain} for name, gain in gains.items()
        },
    }


def test_explanation_leads_from_the_baseline_to_the_value():
    explanation = explain(0.3, x=0.1, y=-0.2, z=0.5)

    (axes,) = plot_explanation(explanation, {"x": 1, "y": 2, "z": 3}, "why").axes

    assert [line.get_xdata()[0] for line in axes.lines] == pytest.approx([0.3, 0.7])
    assert [text.get_text() for text in axes.texts] == ["+0.500", "-0.200", "+0.100"]
    names = [text.get_text() for text in axes.get_yticklabels()]
    assert names == ["z = 3", "y = 2", "x = 1"]


def test_explanation_names_values_of_every_type():
    row = {"sex": "male", "age": None, "alone": True, "fare": 7.25, "deck": 3}
    gains = dict(zip(row, -np.arange(5.0), strict=True))

    (axes,) = plot_explanation(explain(0, **gains), row, "why").axes

    names = [text.get_text() for text in axes.get_yticklabels()]
    assert names == [
        "deck = 3",
        "fare = 7.25",
        "alone = true",
        "age = missing",
        "sex = male",
    ]


def test_what_many_features_contribute_least_is_one_bar():
    row = {f"number_{place}": place for place in range(30)}
    gains = dict(zip(row, np.arange(1.0, 31), strict=True))

    (axes,) = plot_explanation(explain(0, **gains), row, "why").axes

    assert len(axes.patches) == MOST_DRAWN
    assert axes.get_yticklabels()[-1].get_text() == "19 other features"
    assert axes.texts[-1].get_text() == f"{sum(range(1, 20)):+.3f}"
