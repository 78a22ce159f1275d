import pytest

from tests.fixtures.mlflow import register_model, set_clock
from tests.fixtures.registries import copy_registry

USER = "ada"


@pytest.fixture(scope="package")
def make_dated_registry(make_registry):
    """Return a function that fills a registry at noon and 13:00, in Ada's name."""

    def make(fill):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("getpass.getuser", lambda: USER)
            set_clock(patch)
            return make_registry(fill)

    return make


@pytest.fixture
def add_registry(project, monkeypatch):
    """Return a function that adds a registry to the project; it is 14:00 then."""

    def add(database):
        monkeypatch.setattr("getpass.getuser", lambda: USER)
        copy_registry(database, project.path / "mlflow.db")
        set_clock(monkeypatch, 14)
        return project

    return add


@pytest.fixture(scope="package")
def released_database(make_dated_registry):
    def fill(registry):
        for number in ("1", "2"):
            tags = {"candidate": "k_neighbors", "metric.accuracy": f"0.9{number}"}
            register_model(registry, f"model {number}", tags=tags)

    return make_dated_registry(fill)


@pytest.fixture
def released(add_registry, released_database):
    """Return a project with two versions, the second in Production."""
    return add_registry(released_database)
