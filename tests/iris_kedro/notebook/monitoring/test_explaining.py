import numpy as np
import pytest

from iris_kedro.model.explanation import Explanation
from iris_kedro.model.inputs import arrange
from iris_kedro.model.scoring import OnnxScorer
from iris_kedro.notebook.monitoring import explain_answer, plot_explanation
from iris_kedro.notebook.monitoring.explaining import MOST_DRAWN


def test_explanation_leads_from_the_baseline_to_the_value():
    explanation = Explanation(0.3, np.array([0.1, -0.2, 0.5]))

    (axes,) = plot_explanation(explanation, {"a": 1, "b": 2, "c": 3}, "why").axes

    assert [line.get_xdata()[0] for line in axes.lines] == pytest.approx([0.3, 0.7])
    assert [text.get_text() for text in axes.texts] == ["+0.500", "-0.200", "+0.100"]
    names = [text.get_text() for text in axes.get_yticklabels()]
    assert names == ["c = 3", "b = 2", "a = 1"]


def test_explanation_names_values_of_every_type():
    row = {"sex": "male", "age": None, "alone": True, "fare": 7.25, "deck": 3}

    (axes,) = plot_explanation(Explanation(0, -np.arange(5.0)), row, "why").axes

    names = [text.get_text() for text in axes.get_yticklabels()]
    assert names == [
        "deck = 3",
        "fare = 7.25",
        "alone = true",
        "age = missing",
        "sex = male",
    ]


def test_what_many_features_contribute_least_is_one_bar():
    gains = np.arange(1.0, 31)
    row = {f"number_{place}": place for place in range(30)}

    (axes,) = plot_explanation(Explanation(0, gains), row, "why").axes

    assert len(axes.patches) == MOST_DRAWN
    assert axes.get_yticklabels()[-1].get_text() == "19 other features"
    assert axes.texts[-1].get_text() == f"{gains[:19].sum():+.3f}"


def test_answer_is_explained_up_to_what_the_model_says(
    challenger, train_data, test_data, dataset
):
    scorer, row = OnnxScorer(challenger), test_data.iloc[[3]]

    explanation = explain_answer(scorer, row, train_data, dataset, 1)

    said = scorer.score(arrange(row, dataset.features)).probabilities[0, 1]
    usual = scorer.score(arrange(train_data, dataset.features)).probabilities[:, 1]
    assert explanation.value == pytest.approx(said, abs=1e-6)
    assert explanation.baseline == pytest.approx(usual.mean(), abs=1e-6)
