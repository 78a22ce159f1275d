"""Fixtures of the tests of the model_release pipeline."""

import pytest

from iris_kedro.pipelines.model_release.nodes import compare, decide
from iris_kedro.pipelines.model_release.report import build_report
from iris_kedro.release import RegistryState, ReleasedModel


@pytest.fixture(scope="session")
def weak(make_challenger):
    return make_challenger(C=1e-4)


@pytest.fixture
def judge(test_data, dataset, gate):
    def judge(challenger, production=None, fingerprints=None):
        released = production and ReleasedModel("7", production)
        state = RegistryState(released, fingerprints or {})
        return compare(challenger, state, "fingerprint", test_data, dataset, gate)

    return judge


@pytest.fixture
def report(judge, challenger, gate):
    def report(production):
        comparison = judge(challenger, production)
        decision = decide(comparison, gate)
        return build_report(comparison, decision, challenger, "fingerprint", gate)

    return report
