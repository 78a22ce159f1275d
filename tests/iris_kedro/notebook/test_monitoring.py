import numpy as np
import pandas as pd
import pytest

from iris_kedro.model.explanation import Explanation
from iris_kedro.notebook.monitoring import (
    GRAVE,
    NOTICEABLE,
    measure_drift,
    measure_stability,
    plot_drift,
    plot_explanation,
    plot_stability,
    stability_index,
)

NOTHING = """\
# TYPE serving_feature_minimum gauge
serving_feature_minimum{feature="width"} 0.1
# TYPE serving_training_mean gauge
serving_training_mean{feature="width"} 2.0
# TYPE serving_training_standard_deviation gauge
serving_training_standard_deviation{feature="width"} 0.5
"""


def scrape(rows, offset):
    """Return /metrics of two versions that share the rows."""
    lines = [
        "# TYPE serving_predictions counter",
        *[
            f'serving_predictions_total{{version="{version}",prediction="a"}}'
            f" {rows / 2}"
            for version in (1, 2)
        ],
        "# TYPE serving_feature_offset counter",
        *[
            f'serving_feature_offset_total{{version="{version}",feature="width"}}'
            f" {offset / 2}"
            for version in (1, 2)
        ],
    ]
    return NOTHING + "\n".join(lines) + "\n"


def test_drift_is_the_mean_since_the_first_scrape():
    first, second = scrape(10, 19), scrape(30, 19 + 20 * 2.4)

    drift = measure_drift(first, second)

    assert drift.loc["width"].tolist() == pytest.approx([2.0, 2.5, 1.0])


def test_drift_counts_from_nothing_before_the_first_request():
    drift = measure_drift(NOTHING, scrape(10, 19))

    assert drift.loc["width", "shift"] == pytest.approx(0)


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


def test_explanation_leads_from_the_baseline_to_the_value():
    explanation = Explanation(0.3, np.array([0.1, -0.2, 0.5]))

    (axes,) = plot_explanation(explanation, {"a": 1, "b": 2, "c": 3}, "why").axes

    assert [line.get_xdata()[0] for line in axes.lines] == pytest.approx([0.3, 0.7])
    assert [text.get_text() for text in axes.texts] == ["+0.500", "-0.200", "+0.100"]
    names = [text.get_text() for text in axes.get_yticklabels()]
    assert names == ["c = 3", "b = 2", "a = 1"]


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
