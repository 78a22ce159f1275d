import pytest

from iris_kedro.candidates import ExportedCandidate
from iris_kedro.pipelines.data_science.figures import (
    plot_calibration,
    plot_comparison,
    plot_confusion_matrix,
)
from iris_kedro.pipelines.data_science.nodes import evaluate_best

NAME = "logistic_regression"


@pytest.fixture
def exported(trained, challenger):
    return ExportedCandidate(trained[NAME], challenger)


@pytest.fixture
def figures(exported, test_data, dataset):
    evaluation = evaluate_best(exported, test_data, dataset)
    chosen = (exported, evaluation, test_data, dataset)
    return {
        "confusion_matrix": plot_confusion_matrix(*chosen),
        "calibration": plot_calibration(*chosen),
    }


@pytest.mark.parametrize("name", ["confusion_matrix", "calibration"])
def test_figure_can_be_saved_and_names_its_candidate(figures, tmp_path, name):
    figure = figures[name]

    figure.savefig(tmp_path / "figure.png")

    assert (tmp_path / "figure.png").stat().st_size > 1_000
    assert figure.axes[0].get_title().startswith("logistic regression: ")


def test_confusion_matrix_counts_the_held_out_rows(figures, test_data):
    axes = figures["confusion_matrix"].axes[0]

    counts = [int(text.get_text()) for text in axes.texts]

    assert sum(counts) == len(test_data)
    assert len(counts) == 9


def test_calibration_has_a_line_for_each_class(figures, dataset):
    axes = figures["calibration"].axes[0]

    labels = [line.get_label() for line in axes.lines]

    assert set(dataset.target.classes) <= set(labels)


def test_comparison_shows_what_decides_in_each_fold(exported, training):
    figure = plot_comparison(training, exported)

    (box,) = figure.data
    expected = -exported.trained.cross_validation.scores["neg_log_loss"]
    assert list(box.y) == expected.tolist()
    assert figure.layout.yaxis.title.text == "log loss"
