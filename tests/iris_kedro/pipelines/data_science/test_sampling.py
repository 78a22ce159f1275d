import pandas as pd
import pytest

from iris_kedro.pipelines.data_science.nodes import train_candidate
from iris_kedro.pipelines.data_science.sampling import draw_sample
from iris_kedro.specification import Candidate

NEIGHBORS = Candidate.model_validate(
    {"class": "sklearn.neighbors.KNeighborsClassifier", "grid": {"n_neighbors": [1, 3]}}
)


@pytest.fixture
def sampled(training):
    return training.model_copy(update={"search_rows": 60})


def test_all_rows_are_searched_on_unless_there_are_more(train_data, dataset, training):
    for search_rows in (None, len(train_data)):
        settings = training.model_copy(update={"search_rows": search_rows})

        assert draw_sample(train_data, dataset, settings) is train_data


def test_sample_has_the_shares_of_all_rows_in_their_order(train_data, dataset, sampled):
    sample = draw_sample(train_data, dataset, sampled)

    shares = train_data["species"].value_counts(normalize=True) * 60
    counts = sample["species"].value_counts()
    assert (counts - shares).abs().max() <= 0.5
    assert sample.index.is_monotonic_increasing
    assert not sample.index.has_duplicates


def test_sample_repeats_exactly(train_data, dataset, sampled):
    first = draw_sample(train_data, dataset, sampled)

    assert first.equals(draw_sample(train_data, dataset, sampled))
    other = sampled.model_copy(update={"random_state": 1})
    assert not first.equals(draw_sample(train_data, dataset, other))


def test_rare_classes_have_a_row_for_each_fold(train_data, dataset, sampled):
    rare = train_data[train_data["species"] == "setosa"].head(8)
    others = train_data[train_data["species"] != "setosa"]
    rows = pd.concat([rare, *[others] * 30], ignore_index=True)

    sample = draw_sample(rows, dataset, sampled)

    assert (sample["species"] == "setosa").sum() == sampled.folds


def test_the_best_parameters_are_fitted_to_all_rows(train_data, dataset, sampled):
    trained = train_candidate("k", train_data, dataset, NEIGHBORS, sampled)

    assert trained.model[-1].n_samples_fit_ == len(train_data)
    assert trained.model[-1].n_neighbors == trained.best_parameters["n_neighbors"]


def test_candidates_are_compared_on_the_sample(train_data, dataset, sampled):
    doubled = pd.concat([train_data] * 20, ignore_index=True)  # each row has duplicates

    all_rows = sampled.model_copy(update={"search_rows": None})
    known = train_candidate("k", doubled, dataset, NEIGHBORS, all_rows)
    unknown = train_candidate("k", doubled, dataset, NEIGHBORS, sampled)

    assert known.cross_validation.score("accuracy").mean == 1
    assert unknown.cross_validation.score("accuracy").mean < 1
