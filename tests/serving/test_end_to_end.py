"""The whole service: gunicorn with two workers, its follower, a real registry."""

import shutil
import signal
import threading

import pytest
import requests

pytestmark = pytest.mark.slow


@pytest.fixture
def other_bytes(build_iris) -> bytes:
    """Build a second model of the same kind."""
    return build_iris(C=0.1)


def test_starts_without_a_model_and_becomes_ready(
    start, registry, iris_bytes, eventually
):
    server = start()
    eventually(
        lambda: "has no model@Production" in server.get("/health/ready").text,
        "readiness gives the reason",
    )
    assert server.predict().status_code == 503

    version = registry.release(iris_bytes)

    eventually(lambda: server.serves(version), "the version is served")
    assert server.get("/health/ready").json()["registry"]["reachable"] is True


def test_another_contract_changes_everything(
    serve_release, registry, wine_bytes, eventually
):
    server = serve_release()

    registry.release(wine_bytes)
    body = {"acid": 5.1, "sugar": 3.5, "salt": 1.4}

    def serves_wine() -> bool:
        answers = (
            requests.post(f"{server.url}/predict", json=body, timeout=10)
            for _ in range(20)
        )
        return all(answer.status_code == 200 for answer in answers)

    eventually(serves_wine, "wine is served by all workers")
    assert set(server.get("/model").json()["contract"]["target"]["classes"]) == {
        "red",
        "white",
    }
    schema = server.get("/openapi.json").json()["components"]["schemas"]
    assert list(schema["PredictionRequest"]["properties"]) == ["acid", "sugar", "salt"]
    assert server.predict().status_code == 422
    assert server.get("/v2/models/iris").json()["inputs"][0]["shape"] == [-1, 3]


def test_promotion_and_rollback_under_load_lose_no_request(
    serve_release, registry, other_bytes, setosa, eventually
):
    server = serve_release()
    first = server.version
    ended = threading.Event()
    statuses: list[int] = []
    versions: set[str] = set()

    def load() -> None:
        with requests.Session() as session:
            while not ended.is_set():
                body = {"instances": [setosa] * 5}
                answer = session.post(
                    f"{server.url}/predict/batch", json=body, timeout=10
                )
                statuses.append(answer.status_code)
                versions.add(answer.json()["model"]["version"])

    threads = [threading.Thread(target=load) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        second = registry.release(other_bytes)
        eventually(lambda: server.serves(second), "the second version is served")
        registry.promote(first)
        eventually(lambda: server.serves(first), "the first is back")
    finally:
        ended.set()
        for thread in threads:
            thread.join()

    assert set(statuses) == {200}
    assert versions == {first, second}


def test_a_filled_store_needs_no_registry_to_start(
    serve_release, start, registry, eventually
):
    server = serve_release()
    version = server.version
    server.stop()
    registry.file.unlink()

    again = start()

    assert again.serves(version)
    eventually(
        lambda: not again.get("/health/ready").json()["registry"]["reachable"],
        "readiness tells that the registry is away",
    )


def corrupt(registry, version, content):
    damaged = bytearray(content)
    damaged[len(damaged) // 2] ^= 0xFF
    registry.artifact(version).write_bytes(bytes(damaged))


def remove(registry, version, content):
    registry.artifact(version).unlink()


@pytest.mark.parametrize(
    ("damage", "reason"),
    [(corrupt, "digest"), (remove, "download")],
)
def test_a_bad_artifact_is_refused_and_the_old_model_stays(
    serve_release, registry, other_bytes, eventually, damage, reason
):
    server = serve_release()
    good = server.version

    bad = registry.register(other_bytes)
    damage(registry, bad, other_bytes)
    registry.promote(bad)

    refused = "serving_follower_refused_total"
    eventually(lambda: server.metric(refused, reason=reason) == 1, "it is counted")
    assert server.serves(good)
    assert server.logged("version refused")[0]["version"] == bad
    eventually(lambda: find_refusal(server) == reason, "each worker can be asked why")


def find_refusal(server) -> str | None:
    """Ask one of the workers, which read the follower's report independently."""
    registry = server.get("/health/ready").json()["registry"]
    return registry.get("last_refusal", {}).get("reason")


def test_a_new_replica_serves_previous_while_production_is_refused(
    start, registry, iris_bytes, other_bytes, eventually
):
    previous = registry.register(iris_bytes)
    registry.promote(previous, "Previous")
    refused = registry.release(other_bytes, digest="sha256:" + "1" * 64)

    server = start()

    eventually(lambda: server.serves(previous), "the previous version is served")
    fallback = {"alias": "Previous", "wanted": refused, "reason": "digest"}
    eventually(
        lambda: server.get("/health/ready").json().get("fallback") == fallback,
        "readiness says what is served, and why",
    )
    eventually(lambda: server.metric("serving_model_fallback") == 1, "it is counted")


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGKILL]
)
def test_nothing_is_left_running(start, eventually, alive, number):
    server = start()
    eventually(server.follower, "the follower runs")
    started = server.children()

    server.process.send_signal(number)

    server.process.wait(20)
    eventually(lambda: not any(map(alive, started)), "all of them have ended")


def test_a_recreated_registry_is_followed(
    start, registry, empty_registry, iris_bytes, other_bytes, eventually
):
    registry.release(iris_bytes)
    server = start()
    eventually(lambda: server.serves("1"), "the old version 1 is served")
    old = server.get("/model").json()["digest"]

    registry.file.unlink()
    shutil.copy(empty_registry, registry.file)
    restored = type(registry)(registry.folder)
    restored.uri = f"sqlite:////{registry.file}"  # MLflow keeps connections by URI
    restored.release(other_bytes)

    def serves_new() -> bool:
        return server.get("/model").json()["digest"] != old

    eventually(serves_new, "the new version 1 is served")
