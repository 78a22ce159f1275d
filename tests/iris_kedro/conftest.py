"""Fixtures of the tests of the gate, the release and its reports."""

import pytest

from iris_kedro.gate.release import RegistryState, ReleasedModel
from iris_kedro.model.contract import Contract
from iris_kedro.pipelines.model_release.nodes import compare, decide
from iris_kedro.pipelines.model_release.report import build_report


@pytest.fixture(scope="session")
def weak(make_challenger):
    return make_challenger(C=1e-4)


@pytest.fixture
def describe_anew():
    def describe_anew(model, **changes):
        return Contract.read(model).model_copy(update=changes).embed(model)

    return describe_anew


@pytest.fixture
def judge(test_data, dataset, gate):
    def judge(challenger, production=None, rows=test_data, latency_ms=0.1, **state):
        released = production and ReleasedModel("7", production)
        state = RegistryState(released, **{"fingerprints": {}, **state})
        return compare(challenger, latency_ms, state, rows, dataset, gate)

    return judge


@pytest.fixture
def report(judge, challenger, lineage, gate):
    def report(production):
        comparison = judge(challenger, production)
        decision = decide(comparison, gate)
        return build_report(comparison, decision, challenger, lineage, gate)

    return report
