import pytest
import yaml

from iris_kedro.configuration import PROJECT
from iris_kedro.errors import ProjectError
from iris_kedro.notebook import set_candidates
from iris_kedro.notebook.sandbox import CANDIDATES, copy_project, copy_source

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


def test_sandbox_always_has_its_own_store(sandbox):
    local = yaml.safe_load((sandbox / "conf/local/mlflow.yml").read_text())

    assert local["server"]["mlflow_tracking_uri"] == f"sqlite:///{sandbox}/mlflow.db"


def test_environment_cannot_lead_to_a_server(tmp_path, monkeypatch):
    monkeypatch.setenv("KEDRO_ENV", "production")

    folder = copy_project(tmp_path)

    found = yaml.safe_load((folder / "conf/production/mlflow.yml").read_text())
    assert found["server"]["mlflow_tracking_uri"] == f"sqlite:///{folder}/mlflow.db"


def test_file_of_the_data_is_copied(sandbox):
    copy_source("data/penguins.csv", sandbox)

    copied = (sandbox / "data/penguins.csv").read_bytes()
    assert copied == (PROJECT / "data/penguins.csv").read_bytes()


@pytest.mark.parametrize(
    "source",
    [
        "sklearn:iris",
        "https://example.org/rows.csv",
        "SELECT * FROM passengers WHERE " + "age > 1 AND " * 100,
        "../rows.csv",
        str(PROJECT.parent),
    ],
)
def test_source_outside_the_project_is_not_copied(sandbox, source):
    before = sorted(sandbox.parent.rglob("*"))

    copy_source(source, sandbox)

    assert sorted(sandbox.parent.rglob("*")) == before


def test_candidates_are_replaced_and_the_rest_stays(sandbox):
    before = yaml.safe_load(CANDIDATES.read_text())["data_science"]

    set_candidates(poor=POOR)

    after = yaml.safe_load(CANDIDATES.read_text())["data_science"]
    assert after["candidates"] == {"poor": POOR}
    assert after["training"] == before["training"]


def test_candidates_of_a_real_project_are_left_alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    with pytest.raises(ProjectError, match="is not a sandbox"):
        set_candidates(poor=POOR)
