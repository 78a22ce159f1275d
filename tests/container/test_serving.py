"""The service in a container: without privileges, with and without a registry."""

import hashlib
import json
import re
import socket
import subprocess
from contextlib import closing
from functools import partial

import pytest
import requests

# The first test that needs an image builds it.
pytestmark = [pytest.mark.container, pytest.mark.timeout(900)]


FOLLOWER = "python", "-m", "serving.registry.follower"
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def serving(start, serving_image, registry, eventually):
    """Start the service and wait for version 1."""
    container = start(serving_image, MLFLOW_TRACKING_URI=registry.uri)
    eventually(lambda: container.serves("1"), "version 1 is served")
    return container


def test_it_predicts(serving, eventually):
    answer = serving.predict()

    assert answer.json()["prediction"] == "setosa"
    # The registry is asked again and again; a busy machine may miss a deadline.
    eventually(
        lambda: serving.get("/health/ready").json()["registry"]["reachable"] is True,
        "the registry is reachable",
    )


def test_it_has_no_privileges(serving):
    status = serving.execute("cat", "/proc/1/status").stdout

    facts = dict(re.findall(r"^(\w+):\s+(\S+)", status, re.MULTILINE))
    assert facts["Uid"] == facts["Gid"] == "10001"
    assert int(facts["CapEff"], 16) == int(facts["CapBnd"], 16) == 0
    assert facts["NoNewPrivs"] == "1"


@pytest.mark.parametrize(
    ("folder", "writable"),
    [
        ("/", False),
        ("/app", False),
        ("/venv", False),
        ("/tmp", True),  # noqa: S108
        ("/dev/shm", True),  # noqa: S108
        ("/models", True),
    ],
)
def test_it_only_writes_to_its_store_and_temporary_folders(serving, folder, writable):
    result = serving.execute("touch", f"{folder}/file")

    assert (result.returncode == 0) is writable


def test_its_workers_share_metrics_in_memory(serving):
    for _ in range(20):
        serving.predict()

    text = serving.get("/metrics").text
    listed = serving.execute("ls", "/dev/shm").stdout  # noqa: S108
    assert "serving-metrics-" in listed
    total = re.search(r"^serving_batch_rows_count (\S+)", text, re.MULTILINE)
    assert float(total[1]) >= 20


def test_its_resources_are_limited(serving, engine):
    described = json.loads(engine("inspect", serving.name).stdout)[0]

    assert described["HostConfig"]["Memory"] == 512 * 1024**2
    assert described["HostConfig"]["PidsLimit"] == 128
    assert serving.state("OOMKilled") == "false"


def test_it_is_live_without_a_model_but_not_ready(start, serving_image, engine):
    container = start(serving_image, MLFLOW_TRACKING_URI=NOWHERE)
    image = engine.inspect_image(serving_image)
    # Docker has it in the configuration, Podman beside it.
    check = (image | image["Config"])["Healthcheck"]["Test"]

    assert check[0] == "CMD"
    assert container.execute(*check[1:]).returncode == 0
    assert container.execute(*check[1:], "ready").returncode == 1


def test_the_health_check_is_ready_with_a_model(serving):
    command = ("python", "-m", "serving.server.healthcheck", "ready")

    assert serving.execute(*command).returncode == 0


def test_a_registry_that_is_not_a_server_is_reported(start, serving_image, eventually):
    container = start(serving_image, MLFLOW_TRACKING_URI="ftp://db/mlflow")

    eventually(lambda: "unsupported URI" in container.logs(), "the log tells")
    eventually(
        lambda: "has been unreachable" in container.get("/health/ready").text,
        "readiness tells",
    )


def test_a_request_in_flight_is_finished_when_it_stops(
    serving, setosa, engine, eventually
):
    body = json.dumps(setosa).encode()
    head = (
        "POST /predict HTTP/1.1\r\nHost: iris\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n"
    )
    with closing(socket.create_connection(("127.0.0.1", serving.port))) as client:
        client.settimeout(60)
        client.sendall(head.encode())
        assert b"100 Continue" in client.recv(1000)  # a worker has it
        client.sendall(body[:10])
        with subprocess.Popen([engine.program, "stop", "--time=40", serving.name]):
            eventually(lambda: "Handling signal: term" in serving.logs(), "it stops")
            client.sendall(body[10:])
            answer = b"".join(iter(partial(client.recv, 10_000), b""))

    assert b"200 OK" in answer
    assert b'"prediction":"setosa"' in answer
    assert serving.state("ExitCode") == "0"


def test_an_idle_container_stops_immediately_with_exit_code_0(serving):
    serving.stop()

    assert serving.state("ExitCode") == "0"
    assert serving.state("Running") == "false"


def test_a_promotion_is_followed(serving, registry, eventually):
    registry.promote("2")
    eventually(lambda: serving.serves("2"), "version 2 is served")

    registry.promote("1")
    eventually(lambda: serving.serves("1"), "version 1 is served again")


def test_a_new_container_needs_no_registry(
    serving, start, serving_image, registry, eventually
):
    serving.stop()
    registry.stop()

    again = start(serving_image, MLFLOW_TRACKING_URI=registry.uri)

    eventually(lambda: again.serves("1"), "version 1 is served from the volume")
    eventually(
        lambda: not again.get("/health/ready").json()["registry"]["reachable"],
        "readiness tells that the registry is away",
    )


def test_an_image_with_a_model_needs_nothing(
    image_with_model, start, registry, engine, eventually
):
    registry.stop()

    container = start(image_with_model, published=True)

    eventually(lambda: container.serves("1"), "version 1 is served")
    assert "serving.registry.follower" not in engine("top", container.name).stdout


def test_an_empty_volume_is_filled_from_an_image_with_a_model(
    image_with_model, start, serving_image, registry, engine, volume, eventually
):
    registry.stop()
    mount = f"{volume}:/store"
    # Kubernetes does so where a pod has an fsGroup; an engine may leave it to root.
    own = (
        "--user=0",
        f"--volume={mount}",
        image_with_model,
        "chown",
        "10001",
        "/store",
    )
    engine("run", "--rm", "--pull=never", *own)
    seed = ("python", "-m", "serving.model.store.seed", "/models")

    filled = engine.run_once(image_with_model, *seed, volume=mount, IRIS_STORE="/store")
    container = start(serving_image, MLFLOW_TRACKING_URI=NOWHERE)

    assert filled.returncode == 0, filled.stderr
    eventually(lambda: container.serves("1"), "version 1 is served")


def test_a_follower_in_its_own_container(
    start, serving_image, registry, engine, eventually
):
    follower = start(serving_image, *FOLLOWER, MLFLOW_TRACKING_URI=registry.uri)
    service = start(serving_image, store="/models:ro", IRIS_FOLLOW_SECONDS="0")
    check = ("python", "-m", "serving.server.healthcheck", "follower")

    eventually(lambda: service.serves("1"), "version 1 is served")
    assert "serving.registry.follower" not in engine("top", service.name).stdout
    assert follower.execute(*check).returncode == 0
    eventually(
        lambda: service.get("/health/ready").json()["registry"]["reachable"] is True,
        "readiness shows what it reports",
    )

    follower.stop()
    assert follower.state("ExitCode") == "0"
    assert service.serves("1")
    registry.promote("2")
    engine("start", follower.name)
    eventually(lambda: service.serves("2"), "version 2 is served")


def test_two_containers_share_a_volume(
    serving, start, serving_image, registry, engine, eventually
):
    other = start(serving_image, MLFLOW_TRACKING_URI=registry.uri)
    eventually(lambda: "another follower is active" in other.logs(), "it stands by")
    assert other.serves("1")

    engine("kill", serving.name)
    registry.promote("2")

    eventually(lambda: other.serves("2"), "the other follower takes over")


def test_a_file_of_keys_is_mounted(
    start, serving_image, registry, setosa, tmp_path, eventually
):
    folder = tmp_path / "keys"
    folder.mkdir()
    digest = hashlib.sha256(b"secret").hexdigest()
    (folder / "api-keys").write_text(f"alice {digest}\n")
    container = start(
        serving_image,
        volumes=(f"{folder}:/run/keys:ro",),
        IRIS_API_KEYS_FILE="/run/keys/api-keys",
        MLFLOW_TRACKING_URI=registry.uri,
    )

    def predict(key: str) -> int:
        headers = {"Authorization": f"Bearer {key}"}
        url = f"{container.url}/predict"
        return requests.post(url, json=setosa, headers=headers, timeout=10).status_code

    eventually(lambda: predict("secret") == 200, "the key is accepted")
    assert predict("another") == 401
