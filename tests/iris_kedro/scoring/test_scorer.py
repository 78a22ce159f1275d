import pickle

import numpy as np
import pytest

from iris_kedro.model.contract import Contract
from iris_kedro.model.inputs import arrange
from iris_kedro.model.scoring import OnnxScorer
from iris_kedro.scoring.rows import Unreadable
from iris_kedro.scoring.scorer import InvalidRowsError


def test_scores_are_those_of_the_model(make_scorer, make_batch, challenger, test_data):
    scored = make_scorer()(make_batch(), 0, 0)

    contract = Contract.read(challenger)
    expected = OnnxScorer(challenger).score(arrange(test_data.head(6), contract.inputs))
    scores = scored.scores.to_pandas()
    classes = [f"probability_{name}" for name in contract.target.classes]
    assert scores["prediction"].tolist() == expected.labels.tolist()
    assert np.array_equal(scores[classes], expected.probabilities)


def test_scores_have_the_columns_that_are_kept_and_the_version(make_scorer, make_batch):
    scores = make_scorer(["id", "petal_width"])(make_batch(), 0, 0).scores

    assert scores.schema.names[:3] == ["id", "petal_width", "prediction"]
    assert scores.schema.names[-2:] == ["out_of_range", "model_version"]
    assert set(scores["model_version"].to_pylist()) == {"7"}


def test_invalid_rows_are_rejected_with_number_and_reason(make_scorer, make_batch):
    scored = make_scorer()(make_batch(first=101, petal_width=99.0), 0, 0)

    assert scored.scores["id"].to_pylist() == [f"row {n}" for n in (0, 2, 3, 4, 5)]
    assert scored.rejects.to_pylist() == [
        {
            "row": 102,
            "column": "petal_width",
            "value": "99.0",
            "reason": "must be at most 20 cm",
        }
    ]
    assert scored.counts.rows == 6
    assert scored.counts.scored == 5
    assert sum(scored.counts.rejected.values()) == 1


def test_unreadable_rows_are_counted_and_rejected(make_scorer, make_batch):
    reason = "must have 5 cells, not 6"
    batch = make_batch()._replace(unreadable=[Unreadable(7, reason)])

    scored = make_scorer()(batch, 0, 0)

    assert scored.counts.rows == 7
    assert scored.counts.scored == 6
    assert scored.rejects["reason"].to_pylist() == [reason]
    assert scored.counts.rejected == {"unreadable row": 1}


def test_invalid_rows_can_be_an_error(make_scorer, make_batch):
    with pytest.raises(InvalidRowsError) as caught:
        make_scorer(on_invalid="fail")(make_batch(petal_width=99.0), 0, 0)

    assert [each.row for each in caught.value.issues] == [2]


def test_values_outside_the_training_range_are_flagged(make_scorer, make_batch):
    scored = make_scorer()(make_batch(petal_width=9.0), 0, 0)

    flags = scored.scores["out_of_range"].to_pylist()
    assert flags == [False, True, False, False, False, False]
    assert +scored.counts.out_of_range == {"petal_width": 1}


def test_one_of_several_rows_is_counted_in_bins(make_scorer, make_batch):
    scorer, batch = make_scorer(every=3), make_batch()

    counted = [
        sum(scorer(batch, part, 0).counts.answers["prediction"]) for part in range(3)
    ]

    assert counted == [2, 2, 2]
    assert sum(scorer(batch, 0, 0).counts.features["petal_width"]) == 2


def test_small_parts_are_sampled_as_often_as_large_ones(make_scorer, make_batch):
    scorer, batch = make_scorer(every=10), make_batch(rows=1)

    parts = [scorer(batch, part, 0).counts.answers["prediction"] for part in range(100)]

    assert np.sum(parts) == 10


def test_all_rows_are_predicted_whatever_is_sampled(make_scorer, make_batch):
    counts = make_scorer(every=100)(make_batch(), 0, 0).counts

    assert sum(counts.predictions.values()) == 6


def test_scorer_can_be_sent_after_it_was_used(make_scorer, make_batch):
    scorer, batch = make_scorer(), make_batch()
    before = scorer(batch, 0, 0)

    sent = pickle.loads(pickle.dumps(scorer))  # noqa: S301

    assert sent(batch, 0, 0).scores.equals(before.scores)
    assert len(pickle.dumps(scorer)) < len(scorer.content) + 1_000
