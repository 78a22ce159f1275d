import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from serving.model.explanation import Explainer

ROWS = st.tuples(
    st.one_of(st.just(np.nan), st.floats(0, 120)),
    st.integers(0, 20),
    st.sampled_from([np.nan, 0, 1]),
    st.sampled_from([np.nan, 0, 1, 2, 3, 4]),  # 4 is unknown
    st.sampled_from([0, 1, 2]),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(row=ROWS)
def test_contributions_add_up_to_the_prediction(passengers, row):
    explainer = Explainer(passengers, seconds=60)
    rows = np.array([row], np.float32)

    explanation = explainer.explain(rows)

    predicted = passengers.predict(rows).probabilities[0]
    total = explainer.baseline + explanation.contributions[0].values.sum(axis=0)
    assert total == pytest.approx(predicted, abs=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["iris", "passengers"])
def test_contributions_are_those_of_shap(request, name):
    """The package's exact explainer agrees, also on missing values and categories."""
    shap = pytest.importorskip("shap", reason="shap is not built for this machine")
    model = request.getfixturevalue(name)
    background = model.contract.background
    rows = model.contract.golden_rows.inputs

    found = Explainer(model, seconds=60).explain(rows)

    masker = shap.maskers.Independent(background, max_samples=len(background))
    reference = shap.explainers.Exact(
        lambda X: model.predict_probabilities(X.astype(np.float32)), masker
    )(rows)
    values = np.array([each.values for each in found.contributions])
    assert values == pytest.approx(reference.values, abs=1e-5)
