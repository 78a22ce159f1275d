"""Dask's scheduler and workers, with the commands of Compose and of Kubernetes."""

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
import yaml
from distributed import Client

from iris_kedro.datasets.batch.reading.locations import resolve
from iris_kedro.specification.operation.batch_inference import BatchInference

PROJECT = Path(__file__).parents[2]
SCALE = PROJECT / "deploy/kubernetes/components/scale"
COMPOSE = PROJECT / "deploy/compose/compose.yaml"
SERVICES = yaml.safe_load(COMPOSE.read_text())["services"]
SCHEDULER, WORKER, SCORING = "dask-scheduler", "dask-worker", "iris-scoring"
PORT = re.compile(r"\b87\d\d\b")
MEBIBYTE = {"MiB": 1, "Mi": 1, "M": 1, "GiB": 1024, "Gi": 1024, "G": 1024}
WATCHING_MEBIBYTES = 100  # of the process that starts a worker and watches it


def read_manifests() -> dict[tuple[str, str], dict]:
    """Return the manifests of the component by kind and name."""
    documents = [
        document
        for file in sorted(SCALE.glob("*.yaml"))
        if file.name != "kustomization.yaml"
        for document in yaml.safe_load_all(file.read_text())
    ]
    return {(each["kind"], each["metadata"]["name"]): each for each in documents}


MANIFESTS = read_manifests()


def read_container(name: str) -> dict:
    template = MANIFESTS["Deployment", name]["spec"]["template"]
    return template["spec"]["containers"][0]


def read_job() -> dict:
    return MANIFESTS["CronJob", SCORING]["spec"]["jobTemplate"]["spec"]


@dataclass(frozen=True)
class Member:
    """How a process of the cluster is started.

    Attributes:
        health: The URL that says whether it is well, from inside of its container.
        memory: The limit of its container.
    """

    command: list[str]
    health: str
    memory: str


def read_compose(name: str) -> Member:
    service = SERVICES[name]
    asked = re.search(r'urlopen\("(http://[^"]+)"', service["healthcheck"]["test"][-1])
    assert asked
    return Member(
        [*service["entrypoint"], *service["command"]],
        asked[1],
        service["deploy"]["resources"]["limits"]["memory"],
    )


def read_kubernetes(name: str) -> Member:
    container = read_container(name)
    ports = {each["name"]: each["containerPort"] for each in container["ports"]}
    probes = [
        container[f"{each}Probe"] for each in ("startup", "liveness", "readiness")
    ]
    (asked,) = {(each["httpGet"]["port"], each["httpGet"]["path"]) for each in probes}
    return Member(
        container["command"],
        f"http://127.0.0.1:{ports[asked[0]]}{asked[1]}",
        container["resources"]["limits"]["memory"],
    )


READERS = {"compose": read_compose, "kubernetes": read_kubernetes}


@dataclass(frozen=True)
class Cluster:
    """A scheduler and a worker, as processes of this machine."""

    address: str
    healths: list[str]
    processes: list[subprocess.Popen[bytes]]


@pytest.fixture(params=READERS)
def cluster(request, tmp_path, find_port) -> Iterator[Cluster]:
    """Start both as in containers, where only the source's folder is on the path."""
    environ = {
        "HOME": str(tmp_path),
        "PATH": str(Path(sys.executable).parent),
        "PYTHONPATH": str(PROJECT / read_python_path()),
    }
    scheduler = str(find_port())
    commands, healths = [], []
    for name in (SCHEDULER, WORKER):
        member = READERS[request.param](name)
        ports = {
            port: str(find_port()) for port in PORT.findall(" ".join(member.command))
        }
        ports["8786"] = scheduler

        def localize(text: str, ports: dict[str, str] = ports) -> str:
            text = text.replace(SCHEDULER, "127.0.0.1")
            return PORT.sub(lambda found: ports[found[0]], text)

        commands.append([localize(each) for each in member.command])
        healths.append(localize(member.health))
    processes = [subprocess.Popen(each, cwd=tmp_path, env=environ) for each in commands]
    yield Cluster(f"tcp://127.0.0.1:{scheduler}", healths, processes)
    for process in reversed(processes):
        process.terminate()
        process.wait(60)


def read_python_path() -> Path:
    """Return the folder that the training image puts on Python's path."""
    stages = (PROJECT / "Dockerfile").read_text().split("\nFROM ")
    stage = next(each for each in stages if re.match(r"\S+ AS training\n", each))
    folder = re.search(r"^WORKDIR (\S+)", stage, re.MULTILINE)
    path = re.search(r"PYTHONPATH=(\S+)", stage)
    assert folder
    assert path
    return Path(path[1]).relative_to(folder[1])


@pytest.mark.slow
def test_a_worker_imports_the_project_and_computes(cluster):
    with Client(cluster.address, timeout=60) as client:
        computed = client.submit(resolve, "rows", "/project").result(timeout=60)

    assert computed == "/project/rows"

    for url in cluster.healths:
        assert requests.get(url, timeout=60).ok, url


@pytest.mark.slow
def test_a_worker_ends_with_its_scheduler(cluster):
    """The container is then started again, and finds the next scheduler."""
    scheduler, worker = cluster.processes
    with Client(cluster.address, timeout=60) as client:
        client.wait_for_workers(1, timeout=60)

    scheduler.terminate()

    worker.wait(60)


@pytest.mark.slow
@pytest.mark.parametrize("reader", READERS)
def test_a_worker_is_restarted_before_its_container_is_killed(reader):
    member = READERS[reader](WORKER)
    limit = next(
        each.removeprefix("--memory-limit=")
        for each in member.command
        if each.startswith("--memory-limit=")
    )

    room = to_mebibytes(member.memory) - to_mebibytes(limit)

    assert room >= WATCHING_MEBIBYTES


def to_mebibytes(quantity: str) -> int:
    number, unit = re.fullmatch(r"(\d+)(\D+)", quantity).groups()
    return int(number) * MEBIBYTE[unit]


def test_the_address_is_that_of_the_scheduler():
    service = MANIFESTS["Service", SCHEDULER]["spec"]
    address = f"tcp://{SCHEDULER}:{service['ports'][0]['port']}"
    container = read_job()["template"]["spec"]["containers"][0]
    variables = {each["name"]: each.get("value") for each in container["env"]}

    assert variables["DASK_SCHEDULER_ADDRESS"] == address
    assert address in read_container(WORKER)["command"]
    assert address in SERVICES[WORKER]["command"]
    assert SERVICES["scoring"]["environment"]["DASK_SCHEDULER_ADDRESS"] == address
    template = MANIFESTS["Deployment", SCHEDULER]["spec"]["template"]
    assert service["selector"].items() <= template["metadata"]["labels"].items()


@pytest.fixture
def run_job(tmp_path):
    """Return a function that runs the job's script, and what it gives to kedro."""
    kedro = tmp_path / "kedro"
    kedro.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    kedro.chmod(0o755)
    container = read_job()["template"]["spec"]["containers"][0]

    def run_job(name: str) -> list[str]:
        environ = {
            "PATH": f"{tmp_path}:/usr/bin:/bin",
            "JOB": name,
            "SOURCE": "s3://bucket/rows",
            "TARGET": "s3://bucket/scores",
        }
        output = subprocess.check_output(container["command"], env=environ, text=True)
        return output.splitlines()

    return run_job


@pytest.mark.parametrize(
    ("job", "folder"),
    [
        (
            "iris-scoring-29928959",
            "2026-11-26",
        ),  # the minutes before and after midnight
        ("iris-scoring-29928960", "2026-11-27"),
        ("iris-scoring-first", "iris-scoring-first"),  # by hand
        ("again", "again"),
    ],
)
def test_the_job_scores_into_the_folder_of_its_day(run_job, job, folder):
    *arguments, parameters = run_job(job)

    # In the environment that KEDRO_ENV names, as the watcher.
    assert arguments == ["run", "--pipelines", "batch_inference", "--params"]
    assert dict(each.split("=") for each in parameters.split(",")) == {
        "cluster.engine": "dask",
        "batch_inference.source": "s3://bucket/rows",
        "batch_inference.target": f"s3://bucket/scores/{folder}",
    }


def test_the_job_resumes_a_killed_pod(run_job):
    spec = MANIFESTS["CronJob", SCORING]["spec"]

    assert read_job()["backoffLimit"] > 0
    assert spec["concurrencyPolicy"] == "Forbid"  # two would write the same folder
    assert run_job("iris-scoring-29928101") == run_job("iris-scoring-29928101")


def test_compose_scores_with_known_parameters():
    (parameters,) = (
        each.removeprefix("--params=")
        for each in SERVICES["scoring"]["command"]
        if each.startswith("--params=")
    )
    names = [each.partition("=")[0].split(".") for each in parameters.split(",")]

    used = {name for section, name in names if section == "batch_inference"}
    assert used == {"source", "target"} <= set(BatchInference.model_fields)
