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
        return project

    return make


@pytest.mark.parametrize("options", [(), ("--runner", "ThreadRunner")], ids=str)
def test_run_on_a_cluster_gives_the_same_files(make, monkeypatch, options):
    monkeypatch.delenv("DASK_SCHEDULER_ADDRESS", raising=False)
    here, there = make("here"), make("there")
    runs = [here.start("run"), there.start("run", "--env", "dask", *options)]

    (_, _), (output, _) = [run.communicate() for run in runs]

    assert [run.returncode for run in runs] == [0, 0], output
    assert "Connected to the cluster at tcp://127.0.0.1" in output
    assert not [word for word in ("Nanny", "Traceback", "warning") if word in output]
    for file in FILES:
        expected = (here.path / "data" / file.format("")).read_bytes()
        assert (there.path / "data" / file.format("@dask")).read_bytes() == expected


def test_any_environment_can_use_the_cluster(make, monkeypatch):
    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", "tcp://127.0.0.1:9")
    run = make("project").start("run", "--params", "cluster.engine=dask")

    output, _ = run.communicate()

    message = " ".join(output.split())
    assert run.returncode == 1
    assert "no Dask scheduler answers at 'tcp://127.0.0.1:9'" in message
    assert "unset it for a local cluster" in message
    assert "Traceback" not in output


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
