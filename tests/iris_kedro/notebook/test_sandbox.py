import pytest
import yaml

from iris_kedro.errors import ProjectError
from iris_kedro.notebook import set_candidates
from iris_kedro.notebook.sandbox import CANDIDATES, copy_project

POOR = {"class": "sklearn.dummy.DummyClassifier"}


@pytest.fixture
def sandbox(tmp_path, monkeypatch):
    folder = tmp_path / "sandbox"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return copy_project(folder)


def test_sandbox_has_the_project_but_nobodys_data(sandbox):
    assert (sandbox / "conf/base/globals.yml").exists()
    assert (sandbox / "serving/app.py").exists()
    assert list((sandbox / "data").iterdir()) == []
    assert not (sandbox / "mlflow.db").exists()


def test_sandbox_has_a_store_of_its_own_whatever_is_configured(sandbox):
    local = yaml.safe_load((sandbox / "conf/local/mlflow.yml").read_text())

    assert local["server"]["mlflow_tracking_uri"] == f"sqlite:///{sandbox}/mlflow.db"


def test_candidates_are_replaced_and_the_rest_stays(sandbox):
    before = yaml.safe_load(CANDIDATES.read_text())["data_science"]

    set_candidates(poor=POOR)

    after = yaml.safe_load(CANDIDATES.read_text())["data_science"]
    assert after["candidates"] == {"poor": POOR}
    assert after["training"] == before["training"]


def test_candidates_of_a_real_project_are_left_alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    with pytest.raises(ProjectError, match="is no sandbox"):
        set_candidates(poor=POOR)
