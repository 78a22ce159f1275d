import numpy as np

from iris_kedro.model.scoring import OnnxScorer

ROWS = [[5.1, 3.5, 1.4, 0.2], [6.3, 3.3, 6.0, 2.5]]


def test_scores_have_labels_and_probabilities(challenger):
    scores = OnnxScorer(challenger).score(ROWS)

    assert scores.labels.tolist() == ["setosa", "virginica"]
    assert scores.probabilities.shape == (2, 3)


def test_lists_and_arrays_score_alike(challenger):
    scorer = OnnxScorer(challenger)

    one, other = scorer.score(ROWS), scorer.score(np.array(ROWS, np.float64))

    assert (one.probabilities == other.probabilities).all()


def test_no_rows_give_no_scores(challenger):
    scores = OnnxScorer(challenger).score(np.empty((0, 4)))

    assert scores.labels.shape == (0,)
    assert scores.probabilities.shape == (0, 3)
