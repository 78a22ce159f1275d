"""scikit-learn's histogram boosting on each shipped dataset."""

import pytest

from iris_kedro.pipelines.data_science.export import export_onnx
from iris_kedro.pipelines.data_science.nodes import train_candidate
from iris_kedro.specification import Candidate

HISTOGRAMS = {
    "class": "sklearn.ensemble.HistGradientBoostingClassifier",
    "parameters": {"max_iter": 30},
}


@pytest.mark.parametrize("impute", ["median", "none"])
@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer", "penguins"])
def test_histogram_boosting_is_releasable(
    read_shipped, few_fits, export_parameters, name, impute
):
    dataset, sides = read_shipped(name)
    candidate = Candidate.model_validate({**HISTOGRAMS, "impute": impute})

    trained = train_candidate("histograms", sides.train, dataset, candidate, few_fits)
    exported = export_onnx(trained, sides.train, dataset, export_parameters)

    assert exported.reason == ""
    assert exported.is_releasable
