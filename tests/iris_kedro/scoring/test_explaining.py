import pickle

import numpy as np
import pytest

from iris_kedro.errors import ProjectError
from iris_kedro.model.contract import Contract
from iris_kedro.scoring import explaining
from iris_kedro.scoring.scorer import Scorer

FEATURES = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
ADDED = ["baseline", *(f"contribution_{name}" for name in FEATURES)]


def test_contributions_add_up_to_the_probability_of_the_prediction(
    make_scorer, make_batch
):
    scores = make_scorer(explain=True)(make_batch(), 0, 0).scores.to_pandas()

    assert scores.columns[-len(ADDED) :].tolist() == ADDED
    expected = [row[f"probability_{row['prediction']}"] for _, row in scores.iterrows()]
    assert scores[ADDED].sum(axis=1).to_numpy() == pytest.approx(expected, abs=1e-5)


def test_scores_have_no_contributions_by_default(make_scorer, make_batch):
    names = make_scorer()(make_batch(), 0, 0).scores.schema.names

    assert not set(ADDED) & set(names)


def test_a_row_has_the_same_contributions_in_every_process_and_slice(
    make_scorer, make_batch, monkeypatch
):
    scorer = make_scorer(explain=True)
    whole = scorer(make_batch(), 0, 0).scores
    sent = pickle.loads(pickle.dumps(scorer))  # noqa: S301
    assert sent(make_batch(), 0, 0).scores.equals(whole)

    monkeypatch.setattr(explaining, "SLICE", 2)
    sliced = scorer(make_batch(), 0, 0).scores.to_pandas()

    assert sliced[ADDED].to_numpy() == pytest.approx(
        whole.to_pandas()[ADDED].to_numpy(), abs=1e-6
    )


def test_a_batch_without_valid_rows_has_the_same_columns(make_scorer, make_batch):
    batch = make_batch(rows=2, petal_width=np.nan)
    empty = batch._replace(rows=batch.rows[1:], numbers=batch.numbers[1:])
    scorer = make_scorer(explain=True)

    scores = scorer(empty, 0, 0).scores

    assert scores.num_rows == 0
    assert scores.schema.equals(scorer(make_batch(), 0, 0).scores.schema)


def test_columns_of_the_input_are_not_overwritten(make_scorer):
    kept = ["contribution_petal_width"]

    make_scorer(kept).check()
    with pytest.raises(ProjectError, match="already have 'contribution_petal_width'"):
        make_scorer(kept, explain=True).check()


def test_a_model_of_an_earlier_release_is_refused(challenger):
    older = Contract.read(challenger).model_copy(update={"background_rows": []})
    content = older.embed(challenger).SerializeToString()
    scorer = Scorer(content, "7", "contract", False, (), "reject", 1, explain=True)

    with pytest.raises(ProjectError, match="has no background rows"):
        scorer.check()
