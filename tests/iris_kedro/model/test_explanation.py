import numpy as np
import pytest

from iris_kedro.errors import ProjectError
from iris_kedro.model import explanation
from iris_kedro.model.contract import Contract
from iris_kedro.model.explanation import Explainer
from iris_kedro.model.inputs import arrange, to_tensors
from iris_kedro.model.scoring import OnnxScorer


@pytest.fixture
def tensors(test_data, dataset):
    return to_tensors(arrange(test_data, dataset.features))


@pytest.mark.parametrize("max_exact", [10, 3])
def test_contributions_add_up_to_the_predictions(challenger, tensors, max_exact):
    found = Explainer.of(challenger, max_exact).explain(tensors)

    totals = found.baseline + found.contributions.sum(axis=1)
    predicted = OnnxScorer(challenger).run(tensors).probabilities
    assert totals == pytest.approx(predicted, abs=1e-6)
    assert (found.standard_errors is None) == (max_exact == 10)


def test_sampled_contributions_are_close_to_the_exact_ones(challenger, tensors):
    exact, sampled = (
        Explainer.of(challenger, max_exact).explain(tensors) for max_exact in (10, 3)
    )

    ratios = (sampled.contributions - exact.contributions) / sampled.standard_errors
    # All rows have the same orders, so that they miss together.
    assert np.mean(np.abs(ratios) < 1.96) > 0.8
    assert sampled.standard_errors.max() < 0.02


@pytest.mark.parametrize("max_exact", [10, 3])
def test_the_service_explains_as_training_does(
    challenger, tensors, explain_in_service, max_exact
):
    found = Explainer.of(challenger, max_exact).explain(tensors)

    served = explain_in_service(challenger, tensors["features"], max_exact)

    values, errors = served
    assert values == pytest.approx(found.contributions, abs=1e-6)
    if max_exact == 3:
        assert errors == pytest.approx(found.standard_errors, abs=1e-6)


@pytest.mark.parametrize("max_exact", [10, 3])
def test_no_rows_are_explained_by_nothing(challenger, tensors, max_exact):
    none = {name: values[:0] for name, values in tensors.items()}

    found = Explainer.of(challenger, max_exact).explain(none)

    assert found.contributions.shape == (0, 4, 3)
    assert (found.standard_errors is None) == (max_exact == 10)


def test_model_without_background_rows_is_named(challenger):
    contract = Contract.read(challenger).model_copy(update={"background_rows": []})

    with pytest.raises(ProjectError, match="iris has no background rows"):
        Explainer.of(contract.embed(challenger))


def test_rows_are_predicted_in_chunks(challenger, tensors, monkeypatch):
    sizes = []
    scorer = OnnxScorer(challenger)

    def score(rows):
        sizes.append(len(rows["features"]))
        return scorer.predict_probabilities(rows)

    explainer = Explainer(Contract.read(challenger), score)
    one = {"features": tensors["features"][:1]}
    with monkeypatch.context() as patch:
        patch.setattr(explanation, "CHUNK", 250)
        found = explainer.explain(one).contributions

    assert max(sizes) <= 250
    assert found == pytest.approx(
        Explainer.of(challenger).explain(one).contributions, abs=1e-6
    )
