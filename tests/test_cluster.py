"""Whole runs whose fits are on a Dask cluster."""

import signal
import time

import psutil
import pytest

pytestmark = pytest.mark.slow

CANDIDATES = {
    "logistic_regression": {
        "class": "sklearn.linear_model.LogisticRegression",
        "scale": True,
        "grid": {"C": [1.0, 100.0]},
    },
    "random_forest": {
        "class": "sklearn.ensemble.RandomForestClassifier",
        "parameters": {"n_estimators": 10},
        "grid": {"max_depth": [3, None]},
    },
}
FILES = [
    "06_models/iris{}/challenger.onnx",
    "08_reporting/iris{}/leaderboard.json",
    "08_reporting/iris{}/metrics.json",
]


@pytest.fixture
def make(copy_project, tmp_path):
    def make(name):
        project = copy_project(tmp_path / name, small=True)
        file = "parameters_data_science.yml"
        project.change(file, "data_science.candidates", CANDIDATES)
        project.change(file, "data_science.training.repeats", 1)
        return project

    return make


def read_files(project, environment=""):
    return [
        (project.path / "data" / file.format(environment)).read_bytes()
        for file in FILES
    ]


@pytest.fixture
def expected(make, monkeypatch):
    """Return the files of a run without a cluster."""
    monkeypatch.delenv("DASK_SCHEDULER_ADDRESS", raising=False)
    project = make("here")
    monkeypatch.chdir(project.path)
    result = project.invoke("run")
    assert result.exit_code == 0, result.output
    return read_files(project)


def test_run_on_a_cluster_gives_the_same_files(expected, make):
    project = make("there")
    # The nodes of a sequential run use the cluster as those of one thread do.
    run = project.start("run", "--env", "dask", "--runner", "ThreadRunner")

    output, _ = run.communicate()

    assert run.returncode == 0, output
    assert "Connected to the cluster at tcp://127.0.0.1" in output
    assert not [word for word in ("Nanny", "Traceback", "warning") if word in output]
    assert read_files(project, "@dask") == expected


def test_any_environment_can_use_the_cluster(make, monkeypatch):
    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", "tcp://127.0.0.1:9")
    project = make("project")
    monkeypatch.chdir(project.path)

    result = project.invoke("run", "--params", "cluster.engine=dask")

    message = " ".join(result.output.split())
    assert result.exit_code == 1
    assert "no Dask scheduler answers at 'tcp://127.0.0.1:9'" in message
    assert "unset it for a local cluster" in message
    assert "Traceback" not in message


def test_interrupted_run_leaves_no_process(make):
    project = make("project")
    project.change("parameters_data_science.yml", "data_science.training.repeats", 500)
    run = project.start("run", "--env", "dask")
    lines = iter(run.stdout.readline, "")
    assert any(".train" in line for line in lines)
    children = psutil.Process(run.pid).children(recursive=True)
    time.sleep(1)  # in the middle of the fits

    run.send_signal(signal.SIGINT)
    run.communicate(timeout=60)

    _, alive = psutil.wait_procs(children, timeout=30)
    assert len(children) >= 1
    assert alive == []
    (parent,) = project.parents()
    assert parent.info.status in {"FAILED", "KILLED"}
