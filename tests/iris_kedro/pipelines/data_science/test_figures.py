import pytest

from iris_kedro.pipelines.data_science.figures import (
    plot_candidates,
    plot_comparison,
    select_confusion_matrix,
)
from iris_kedro.pipelines.data_science.nodes import evaluate_candidates


@pytest.fixture
def figures(trained, test_data, dataset):
    evaluations = evaluate_candidates(trained, test_data, dataset)
    return plot_candidates(trained, evaluations, test_data, dataset)


def test_each_candidate_is_drawn_in_three_ways(figures):
    assert list(figures) == ["logistic_regression"]
    assert set(figures["logistic_regression"]) == {
        "confusion_matrix",
        "calibration",
        "cross_validation",
    }


@pytest.mark.parametrize(
    "name", ["confusion_matrix", "calibration", "cross_validation"]
)
def test_figure_can_be_saved_and_names_its_candidate(figures, tmp_path, name):
    figure = figures["logistic_regression"][name]

    figure.savefig(tmp_path / "figure.png")

    assert (tmp_path / "figure.png").stat().st_size > 1_000
    assert figure.axes[0].get_title().startswith("logistic regression: ")


def test_confusion_matrix_counts_the_held_out_rows(figures, test_data):
    axes = figures["logistic_regression"]["confusion_matrix"].axes[0]

    counts = [int(text.get_text()) for text in axes.texts]

    assert sum(counts) == len(test_data)
    assert len(counts) == 9


def test_cross_validation_has_a_bar_for_each_fold(figures, trained):
    axes = figures["logistic_regression"]["cross_validation"].axes[0]

    heights = [bar.get_height() for bar in axes.patches]

    expected = trained["logistic_regression"].fold_accuracies
    assert heights == pytest.approx(expected.tolist())


def test_calibration_has_a_line_for_each_class(figures, dataset):
    axes = figures["logistic_regression"]["calibration"].axes[0]

    labels = [line.get_label() for line in axes.lines]

    assert set(dataset.target.classes) <= set(labels)


def test_confusion_matrix_of_the_chosen_candidate_is_selected():
    figures = {"a": {"confusion_matrix": "figure of a"}, "b": {}}

    assert select_confusion_matrix(figures, "a") == "figure of a"


def test_comparison_shows_folds_and_held_out_accuracy(trained, test_data, dataset):
    evaluations = evaluate_candidates(trained, test_data, dataset)

    box, points = plot_comparison(trained, evaluations).data

    expected = evaluations["logistic_regression"].metrics["accuracy"]
    assert len(box.y) == len(trained["logistic_regression"].fold_accuracies)
    assert points.y == (expected,)
