"""The number of pods, and their replacement."""

import math
import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[3]


@pytest.fixture
def base(collect) -> dict[str, dict]:
    """Return the specifications of the base for the service, by kind."""
    return {
        each["kind"]: each["spec"]
        for each in collect("base")
        if each["metadata"]["name"] == "iris-serving" and "spec" in each
    }


@pytest.fixture
def deployment(base) -> dict:
    return base["Deployment"]


@pytest.fixture
def scaler(base) -> dict:
    return base["HorizontalPodAutoscaler"]


@pytest.fixture
def container(deployment) -> dict:
    containers = deployment["template"]["spec"]["containers"]
    return next(each for each in containers if each["name"] == "serving")


def test_the_autoscaler_decides_how_many(scaler, deployment):
    """Applying the manifests again must not reset it."""
    assert scaler["scaleTargetRef"]["name"] == "iris-serving"
    assert "replicas" not in deployment


def test_the_autoscaler_knows_how_much_a_pod_can_use(scaler, container, read):
    """A worker is busy with one core; more would never count as load."""
    (settings, _) = read("base/kustomization.yaml")["configMapGenerator"]
    (metric,) = scaler["metrics"]

    assert metric["containerResource"]["container"] == container["name"]
    cores = container["resources"]["requests"]["cpu"]
    assert f"IRIS_WORKERS={cores}" in settings["literals"]


def test_a_rollout_of_the_largest_service_completes_in_time(
    deployment, scaler, container
):
    """As many pods as the surge allows start at a time, each as slowly as it may."""
    replicas = scaler["maxReplicas"]
    strategy = deployment["strategy"]["rollingUpdate"]
    surge = math.ceil(replicas * to_share(strategy["maxSurge"]))
    startup = container["startupProbe"]
    slowest = startup["periodSeconds"] * startup["failureThreshold"]
    slowest += deployment["minReadySeconds"]
    rollout = (PROJECT / "deploy" / "rollout.py").read_text()
    seconds = re.search(r'"--seconds", type=int, default=(\d+)', rollout)

    assert strategy["maxUnavailable"] == 0
    assert slowest < deployment["progressDeadlineSeconds"]
    assert math.ceil(replicas / surge) * slowest < int(seconds[1])


def test_drains_are_possible_at_any_size(base, scaler):
    """The budget is a share, which is rounded up: one pod at least, never all."""
    share = to_share(base["PodDisruptionBudget"]["maxUnavailable"])

    for replicas in (scaler["minReplicas"], scaler["maxReplicas"]):
        assert 1 <= math.ceil(replicas * share) < replicas


def to_share(percentage: str) -> float:
    return int(percentage.removesuffix("%")) / 100
