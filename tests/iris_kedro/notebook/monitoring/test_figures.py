import pytest

from iris_kedro.notebook.monitoring import plot_bins, plot_evidence

BINS = [
    {"name": "below 3", "reference": 0.75, "recent": 0.25},
    {"name": "missing", "reference": 0.25, "recent": None},
]
REPORT = {
    "threshold": 5.0,
    "features": {
        "calm": {"log_e": 0.0, "evidence": [-1.0, -2.0], "bins": BINS},
        "moved": {"log_e": 90.0, "evidence": [-1.0, 90.0], "bins": BINS},
    },
}


def test_evidence_of_each_feature_is_a_line_below_the_top():
    (axes,) = plot_evidence(REPORT).axes

    moved, calm, threshold = axes.lines
    assert (moved.get_label(), moved.get_ydata().tolist()) == ("moved", [-1, 20])
    assert (calm.get_label(), calm.get_ydata().tolist()) == ("calm", [-1, -2])
    assert threshold.get_ydata() == [5, 5]


def test_only_the_strongest_of_many_features_are_named():
    feature = REPORT["features"]["calm"]
    report = REPORT | {"features": dict.fromkeys(map(str, range(30)), feature)}

    figure = plot_evidence(report)

    assert len(figure.axes[0].lines) == 31
    assert len(figure.axes[0].get_legend().get_texts()) == 8


def test_bins_have_a_bar_for_training_and_for_now():
    (axes,) = plot_bins(REPORT, "moved").axes

    training, recent = axes.containers
    assert [bar.get_height() for bar in training] == pytest.approx([0.75, 0.25])
    assert [bar.get_height() for bar in recent] == pytest.approx([0.25, 0])
