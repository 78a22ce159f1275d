"""What any released model of irises must know, whichever candidate it was."""

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iris_kedro.model.contract import Contract
from iris_kedro.model.scoring import OnnxScorer

pytestmark = pytest.mark.slow

TYPICAL = {
    "setosa": [5.0, 3.4, 1.5, 0.2],
    "versicolor": [5.9, 2.8, 4.3, 1.3],
    "virginica": [6.6, 3.0, 5.6, 2.1],
}
CLASSES = list(TYPICAL)
JITTER = st.lists(st.floats(-0.05, 0.05), min_size=4, max_size=4)


@pytest.fixture(scope="module")
def released(shipped):
    return onnx.load(shipped.project.path / "data/06_models/iris/challenger.onnx")


@pytest.fixture(scope="module", params=["released", "logistic regression"])
def score(request, released, challenger):
    model = released if request.param == "released" else challenger
    return OnnxScorer(model).score


@pytest.mark.parametrize("species", CLASSES)
def test_typical_flower_is_recognized_with_confidence(score, species):
    labels, probabilities = score([TYPICAL[species]])

    assert labels.tolist() == [species]
    assert probabilities[0, CLASSES.index(species)] > 0.8


@pytest.mark.parametrize("species", CLASSES)
@given(jitter=JITTER)
def test_errors_of_half_a_millimetre_do_not_change_the_species(score, species, jitter):
    flower = np.array(TYPICAL[species]) + jitter

    assert score([flower]).labels.tolist() == [species]


@pytest.mark.parametrize("species", CLASSES)
def test_long_petals_never_make_setosa_likelier_than_short_ones(score, species):
    flowers = np.tile(TYPICAL[species], (41, 1))
    flowers[:, 2] = [1.5, *np.linspace(3, 7, 40)]

    short, *long = score(flowers).probabilities[:, CLASSES.index("setosa")]

    assert max(long) <= short
    assert min(long) < 0.75 * short


@pytest.mark.parametrize("species", ["versicolor", "virginica"])
def test_longer_and_wider_petals_make_virginica_likelier(score, species):
    smaller = np.array(TYPICAL[species])
    larger = smaller + np.array([0, 0, 0.8, 0.5])

    before, after = score([smaller, larger]).probabilities[:, 2]

    assert after >= before - 0.02


@given(
    flowers=st.lists(
        st.lists(st.floats(0.125, 20), min_size=4, max_size=4), min_size=1, max_size=20
    )
)
def test_any_flower_gets_probabilities_that_sum_to_one(score, flowers):
    probabilities = score(flowers).probabilities

    assert ((probabilities >= 0) & (probabilities <= 1)).all()
    assert probabilities.sum(axis=1) == pytest.approx(1, abs=1e-5)


def test_order_of_rows_does_not_matter(score):
    flowers = np.array(list(TYPICAL.values()))

    forward, backward = score(flowers), score(flowers[::-1])

    assert (forward.labels == backward.labels[::-1]).all()


def test_released_model_passes_its_own_golden_rows(released):
    golden = Contract.read(released).golden_rows

    scores = OnnxScorer(released).score(golden.inputs)

    assert scores.labels.tolist() == golden.predictions
    assert set(golden.predictions) == set(CLASSES)


def test_released_model_is_good_on_rows_it_was_not_trained_on(released):
    assert Contract.read(released).metrics["accuracy"] >= 0.9
