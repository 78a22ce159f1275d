import pytest


@pytest.fixture
def released(project, register, clock, monkeypatch):
    """Return a project with two versions, the second in Production."""
    monkeypatch.setattr("getpass.getuser", lambda: "ada")
    for number in ("1", "2"):
        tags = {"candidate": "k_neighbors", "metric.accuracy": f"0.9{number}"}
        register(project.registry, tags=tags)
    return project
