"""Fixtures of the tests of the candidates, the gate, the release and its reports."""

import hashlib
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import yaml

from iris_kedro.datasets import SourceDataset
from iris_kedro.gate.release import RegistryState, ReleasedModel
from iris_kedro.model.contract import Contract
from iris_kedro.pipelines.model_release.nodes import compare, decide
from iris_kedro.pipelines.model_release.report import build_report
from iris_kedro.specification import Canary, Dataset
from serving.model.explanation import Explainer as ServiceExplainer
from serving.model.explanation import shapley
from serving.model.onnx_model import Model, Version
from tests.iris_kedro import passengers

ROOT = Path(__file__).parents[2]


@pytest.fixture
def url(tmp_path):
    """Return the address of a database of predictions, which need not exist."""
    return f"sqlite:///{tmp_path}/predictions.db"


@pytest.fixture(scope="session")
def canary_parameters(read_parameters):
    """Return the shipped parameters of the canary."""
    file = "parameters_model_release.yml"
    return Canary.model_validate(read_parameters(file, "model_release", "canary"))


@pytest.fixture(scope="session")
def weak(make_challenger):
    return make_challenger(C=1e-4)


@pytest.fixture
def change_contract():
    def change_contract(model, **changes):
        return Contract.read(model).model_copy(update=changes).embed(model)

    return change_contract


@pytest.fixture
def explain_in_service(tmp_path, monkeypatch):
    """Return a function that explains encoded rows as the service does."""

    def explain(model, rows, max_exact=10):
        """Return contributions and standard errors, (rows, features, classes)."""
        monkeypatch.setattr(shapley, "MAX_EXACT", max_exact)
        file = tmp_path / "model.onnx"
        content = model.SerializeToString()
        file.write_bytes(content)
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        served = Model.load(file, Version("name", "1", "run", digest))
        found = ServiceExplainer(served, 60).explain(rows).contributions
        return (np.array(each) for each in zip(*found, strict=True))

    return explain


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


@pytest.fixture(scope="session")
def read_shipped(split_parameters):
    """Return a function that reads a shipped dataset, or a table of all types."""

    @cache
    def read(name):
        if name == "passengers":
            dataset, content = (
                passengers.describe(),
                passengers.write(passengers.draw(400)),
            )
        else:
            folder = "base" if name == "iris" else name
            file = ROOT / "conf" / folder / "globals.yml"
            dataset = Dataset.model_validate(
                yaml.safe_load(file.read_text())["dataset"]
            )
            content = SourceDataset(
                dataset.source, dataset.target.name, path=str(ROOT)
            ).load()
        return dataset, passengers.split_rows(content, dataset, split_parameters)

    return read
