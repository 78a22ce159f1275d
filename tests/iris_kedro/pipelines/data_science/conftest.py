"""Candidates of the tests of their conversion and their contracts."""

import pytest

from iris_kedro.pipelines.data_science.export import export_onnx


@pytest.fixture
def export(train_data, dataset, export_parameters):
    """Return a function that exports a candidate; changes are of the parameters."""

    def export(trained, **changes):
        parameters = export_parameters.model_copy(update=changes)
        return export_onnx(trained, train_data, dataset, parameters)

    return export


@pytest.fixture
def logistic(trained):
    return trained["logistic_regression"]
