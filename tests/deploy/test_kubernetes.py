"""The manifests match the project, which no schema can check."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from deploy.kubernetes.prometheus_rule import TARGET, render
from serving import create_app
from serving.config import Config, variable_name
from serving.monitoring.multiprocess.folder import ROOM_BYTES, SHARED_MEMORY
from serving.registry import follower as follower_module

PROJECT = Path(__file__).parents[2]
KUBERNETES = PROJECT / "deploy" / "kubernetes"
# Measured while clients sent the largest bodies (docs/reference/limits.md).
WORKER_BYTES, FOLLOWER_BYTES = 360 * 1024**2, 250 * 1024**2
FOREIGN = {
    "DASK_SCHEDULER_ADDRESS",
    "HOME",
    "JOB",  # in the script of the scoring
    "MLFLOW_DISABLE_TELEMETRY",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION",
}
# Of training and watcher, in the settings that the service has too.
FOREIGN_SETTINGS = {"KEDRO_ENV", "IRIS_SOURCE"}
NOT_MANIFESTS = {"kustomization.yaml", "patch.yaml"}


def read(*names: str) -> list[dict]:
    """Read the manifests of files or folders below deploy/kubernetes."""
    files = [
        file
        for name in names
        for file in sorted((KUBERNETES / name).rglob("*.yaml")) or [KUBERNETES / name]
        if file.name not in NOT_MANIFESTS
    ]
    documents = [yaml.safe_load_all(file.read_text()) for file in files]
    return [document for each in documents for document in each]


def only(documents: list[dict], kind: str, name: str) -> dict:
    found = [
        each
        for each in documents
        if (each["kind"], each["metadata"]["name"]) == (kind, name)
    ]
    assert len(found) == 1, f"{kind} {name}: {len(found)} found"
    return found[0]


def templates() -> Iterator[tuple[str, dict]]:
    """Return the pod template of everything that starts pods."""
    for each in read("base", "overlays", "components"):
        name, spec = each["metadata"]["name"], each.get("spec", {})
        if each["kind"] == "CronJob":
            yield name, spec["jobTemplate"]["spec"]["template"]
        elif each["kind"] == "Deployment":
            yield name, spec["template"]


TEMPLATES = dict(templates())


@pytest.fixture
def deployment() -> dict:
    return only(read("base"), "Deployment", "iris-serving")["spec"]


@pytest.fixture
def pod(deployment) -> dict:
    return deployment["template"]["spec"]


@pytest.fixture
def container(pod) -> dict:
    return container_of(pod, "serving")


@pytest.fixture
def follower(pod) -> dict:
    return container_of(pod, "follower")


def container_of(pod: dict, name: str) -> dict:
    return next(each for each in pod["containers"] if each["name"] == name)


def read_settings(name: str) -> dict[str, str]:
    """Return the settings of a ConfigMap that the base generates."""
    file = yaml.safe_load((KUBERNETES / "base" / "kustomization.yaml").read_text())
    literals = {each["name"]: each["literals"] for each in file["configMapGenerator"]}
    return dict(literal.split("=", 1) for literal in literals[name])


def list_variables(container: dict) -> dict[str, str]:
    """Return all variables of a container: its own and the shared ones."""
    shared = read_settings("iris-settings")
    return shared | {each["name"]: each["value"] for each in container["env"]}


@pytest.fixture
def variables(container) -> dict[str, str]:
    return list_variables(container)


@pytest.fixture
def config(variables) -> Config:
    return Config.from_env(variables)


def to_bytes(quantity: str) -> int:
    """Convert a quantity of Kubernetes such as 64Mi."""
    factors = {"Ki": 1024, "Mi": 1024**2, "Gi": 1024**3}
    return int(quantity[:-2]) * factors[quantity[-2:]]


def port_of(address: str | None) -> int:
    return int((address or "").rpartition(":")[2])


def test_only_readiness_depends_on_a_model(container, tmp_path):
    client = create_app(Config(store=tmp_path, follow_seconds=0)).test_client()

    expected = {"startupProbe": 200, "livenessProbe": 200, "readinessProbe": 503}
    asked = {probe: container[probe]["httpGet"] for probe in expected}

    assert {each["port"] for each in asked.values()} == {"http"}
    assert {
        probe: client.get(each["path"]).status_code for probe, each in asked.items()
    } == expected


def test_pods_have_time_to_finish_requests(pod, container, tmp_path):
    script = "from serving.server import gunicorn_conf as c; print(c.graceful_timeout)"
    environ = os.environ | {
        "PROMETHEUS_MULTIPROC_DIR": str(tmp_path),
        "PYTHONPATH": str(PROJECT),
    }
    graceful = subprocess.check_output(
        [sys.executable, "-c", script], env=environ, text=True
    )

    waits = container["lifecycle"]["preStop"]["sleep"]["seconds"]

    assert pod["terminationGracePeriodSeconds"] > waits + int(graceful)


def test_ports_are_those_that_the_service_binds(container, config):
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}

    assert ports["http"] == port_of(config.bind) == port_of(Config().bind)
    assert ports["metrics"] == port_of(config.metrics_bind)
    assert config.bind.startswith("0.0.0.0:")
    assert str(config.metrics_bind).startswith("0.0.0.0:")


def test_settings_are_known_to_the_service(variables):
    known = {variable_name(name) for name in Config.__dataclass_fields__}

    assert set(variables) <= known | FOREIGN_SETTINGS


@pytest.mark.parametrize("name", TEMPLATES)
def test_other_variables_are_known_too(name):
    known = {variable_name(each) for each in Config.__dataclass_fields__} | FOREIGN
    containers = TEMPLATES[name]["spec"]["containers"]

    used = {variable["name"] for each in containers for variable in each.get("env", [])}

    assert used <= known


def test_only_metrics_and_heartbeats_are_in_memory(pod, container):
    mounts = {each["name"]: each["mountPath"] for each in container["volumeMounts"]}

    in_memory = {
        mounts[each["name"]]: to_bytes(each["emptyDir"]["sizeLimit"])
        for each in pod["volumes"]
        if each["emptyDir"].get("medium") == "Memory"
    }

    assert set(in_memory) == {str(SHARED_MEMORY)}
    assert in_memory[str(SHARED_MEMORY)] >= ROOM_BYTES


def test_the_memory_limits_allow_for_the_largest_bodies(
    pod, container, follower, config
):
    # The defaults, for which docs/reference/limits.md says how far a worker grows.
    assert config.max_buffered_bytes == Config.max_buffered_bytes
    assert config.max_body_bytes == Config.max_body_bytes
    shared = to_bytes(
        next(v for v in pod["volumes"] if v["name"] == "shared-memory")["emptyDir"][
            "sizeLimit"
        ]
    )

    limits = [
        to_bytes(each["resources"]["limits"]["memory"])
        for each in (container, follower)
    ]

    assert limits[0] >= config.workers * WORKER_BYTES + shared
    assert limits[1] >= FOLLOWER_BYTES


def test_only_the_follower_polls_the_registry(container, follower, config):
    """Two would download everything twice, and the service needs no credentials."""
    following = Config.from_env(list_variables(follower))

    assert config.follow_seconds == 0
    assert following.follow_seconds > 0
    assert following.store == config.store
    assert follower["command"] == ["python", "-m", follower_module.__name__]
    secrets = {
        name: [
            each["secretRef"]["name"] for each in one["envFrom"] if "secretRef" in each
        ]
        for name, one in (("serving", container), ("follower", follower))
    }
    assert secrets == {
        "serving": ["predictions-database"],
        "follower": ["mlflow-credentials"],
    }


@pytest.mark.parametrize("name", ["serving", "follower"])
def test_containers_share_the_store_and_have_writable_folders(pod, name):
    container = container_of(pod, name)
    mounts = {each["mountPath"]: each["name"] for each in container["volumeMounts"]}
    writable = {each["name"] for each in pod["volumes"] if "emptyDir" in each}

    assert mounts[list_variables(container)["IRIS_STORE"]] == "models"
    assert set(mounts.values()) <= writable
    assert "/tmp" in mounts  # noqa: S108


@pytest.mark.parametrize("name", TEMPLATES)
def test_pods_run_as_the_user_of_the_image(name):
    spec = TEMPLATES[name]["spec"]
    dockerfile = (PROJECT / "Dockerfile").read_text()
    (user,) = set(map(int, re.findall(r"^USER (\d+)", dockerfile, re.MULTILINE)))

    assert spec["securityContext"]["runAsUser"] == user


def test_no_account_gets_a_token():
    manifests = read("base", "overlays", "components")
    accounts = [each for each in manifests if each["kind"] == "ServiceAccount"]

    assert {each["metadata"]["name"] for each in accounts} == set(TEMPLATES)
    assert len(accounts) == len(TEMPLATES)
    assert not any(each["automountServiceAccountToken"] for each in accounts)


def test_everything_selects_the_pods_of_the_service(deployment):
    labels = deployment["template"]["metadata"]["labels"]
    base = read("base")
    constraints = deployment["template"]["spec"]["topologySpreadConstraints"]

    selectors = [
        deployment["selector"]["matchLabels"],
        only(base, "Service", "iris-serving")["spec"]["selector"],
        only(base, "PodDisruptionBudget", "iris-serving")["spec"]["selector"][
            "matchLabels"
        ],
        only(base, "NetworkPolicy", "predict")["spec"]["podSelector"]["matchLabels"],
        *[each["labelSelector"]["matchLabels"] for each in constraints],
    ]

    assert all(selector.items() <= labels.items() for selector in selectors)


def test_the_service_and_the_monitor_use_ports_of_the_pods(container):
    named = {port["name"] for port in container["ports"]}
    service = only(read("base"), "Service", "iris-serving")
    monitor = only(read("components/monitoring"), "ServiceMonitor", "iris-serving")
    endpoint = monitor["spec"]["endpoints"][0]

    assert {port["targetPort"] for port in service["spec"]["ports"]} <= named
    assert endpoint["port"] in {port["name"] for port in service["spec"]["ports"]}
    labels = service["metadata"]["labels"]
    assert monitor["spec"]["selector"]["matchLabels"].items() <= labels.items()
    assert monitor["spec"]["jobLabel"] in labels


def test_the_local_registry_accepts_its_name(variables):
    command = TEMPLATES["mlflow"]["spec"]["containers"][0]["command"]
    hosts = next(each for each in command if each.startswith("--allowed-hosts="))
    authority = variables["MLFLOW_TRACKING_URI"].removeprefix("http://")

    assert authority in hosts.partition("=")[2].split(",")


def test_a_rollback_includes_all_with_the_training_image():
    """It selects them by their label; the registry to play with is not rolled out."""
    labelled = {
        (each["kind"], each["metadata"]["name"])
        for each in read("base", "overlays", "components")
        if each["metadata"].get("labels", {}).get("app.kubernetes.io/component")
        == "training"
    }
    with_image = {
        name
        for name, template in TEMPLATES.items()
        for each in template["spec"]["containers"]
        if each["image"].startswith("iris-training")
    }

    assert {name for _, name in labelled} == with_image - {"mlflow"}
    assert {kind for kind, _ in labelled} == {"CronJob", "Deployment"}


def test_the_rules_of_prometheus_are_copied_completely():
    expected = render(PROJECT / "deploy" / "prometheus")

    assert TARGET.read_text() == expected, (
        "write it again: python deploy/kubernetes/prometheus_rule.py"
    )


def test_rules_are_collected_from_all_files(tmp_path):
    for name in ("one", "two"):
        rules = {"groups": [{"name": name, "rules": []}]}
        (tmp_path / f"{name}.yml").write_text(json.dumps(rules))
    (tmp_path / "prometheus.yml").write_text("global: {}")

    spec = yaml.safe_load(render(tmp_path))["spec"]

    assert [group["name"] for group in spec["groups"]] == ["one", "two"]
