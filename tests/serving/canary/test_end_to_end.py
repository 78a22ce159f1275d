"""The canary with real processes: MLflow's registry, the follower, two workers."""

import os
import signal

import pytest
import requests

from serving.canary.arms import is_for_canary
from tests.serving.fixtures.iris import SETOSA

pytestmark = pytest.mark.slow

KEYS = [f"user-{number}" for number in range(100)]


def ask(server, key: str, row: dict[str, float] = SETOSA) -> str:
    """Return the version that handles a key."""
    url, headers = f"{server.url}/predict", {"X-Canary-Key": key}
    answer = requests.post(url, json=row, headers=headers, timeout=60)
    return answer.json()["model"]["version"]


@pytest.fixture
def show(eventually):
    """Wait until 20 responses show a canary, so probably both workers."""

    def show(server, canary: dict | None) -> None:
        def is_shown() -> bool:
            answers = (server.get("/model") for _ in range(20))
            return all(answer.json()["canary"] == canary for answer in answers)

        eventually(is_shown, f"the canary is {canary}")

    return show


def set_share(registry, version: str, share: str) -> None:
    registry.client.set_model_version_tag("iris", version, "canary_share", share)


def test_a_canary_gets_its_share_until_it_is_withdrawn(
    serve_release, registry, build_iris, show
):
    server = serve_release(keep_versions=1)
    production = server.version
    canary = registry.register(build_iris(C=0.1))
    set_share(registry, canary, "0.3")
    registry.promote(canary, "Canary")

    show(server, {"version": canary, "share": 0.3})
    expected = {
        key: canary if is_for_canary(key, canary, 0.3) else production for key in KEYS
    }
    assert {key: ask(server, key) for key in KEYS} == expected
    paired = "serving_paired_predictions_total"
    count = list(expected.values()).count(canary)
    assert server.metric(paired, version=canary, other=production) == count
    assert server.metric("serving_predictions_total", version=canary) == count
    assert server.metric("serving_pair_seconds_count", version=production) == count
    assert server.metric("serving_canary_share", version=canary) == 0.3

    workers, follower = set(server.workers()), server.follower()
    os.kill(follower, signal.SIGKILL)
    assert {key: ask(server, key) for key in KEYS} == expected
    set_share(registry, canary, "1")
    show(server, {"version": canary, "share": 1.0})
    assert {ask(server, key) for key in KEYS} == {canary}

    set_share(registry, canary, "all")
    show(server, None)
    refusal = server.get("/health/ready").json()["registry"]["last_refusal"]
    assert refusal == {"role": "partner", "version": canary, "reason": "share"}
    assert {ask(server, key) for key in KEYS} == {production}

    set_share(registry, canary, "0.05")
    show(server, {"version": canary, "share": 0.05})
    registry.client.delete_registered_model_alias("iris", "Canary")
    show(server, None)
    assert {ask(server, key) for key in KEYS} == {production}
    assert set(server.workers()) == workers


@pytest.mark.parametrize("worker_class", ["asyncio", "gthread"])
def test_a_hanging_canary_does_not_stop_workers(
    serve_release, registry, hanging_bytes, show, worker_class
):
    server = serve_release(worker_class=worker_class)
    production = server.version
    canary = registry.register(hanging_bytes)
    set_share(registry, canary, "1")
    registry.promote(canary, "Canary")
    show(server, {"version": canary, "share": 1.0})
    workers = set(server.workers())

    assert ask(server, "anyone", SETOSA | {"sepal_length": 7.77}) == production

    assert server.metric("serving_partner_errors_total", version=canary) == 1
    assert set(server.workers()) == workers


def test_previous_guards_production_after_a_promotion(
    serve_release, registry, build_iris, eventually
):
    server = serve_release()
    previous = server.version
    registry.promote(previous, "Previous")
    production = registry.register(build_iris(C=0.1))
    registry.client.set_model_version_tag("iris", production, "guarded", "true")
    registry.promote(production)

    def is_paired() -> bool:
        assert ask(server, "anyone") in (previous, production)
        name = "serving_paired_predictions_total"
        return server.metric(name, version=production, other=previous) > 0

    eventually(is_paired, "Previous predicts beside Production")

    registry.client.delete_model_version_tag("iris", production, "guarded")

    def is_alone() -> bool:
        scrapes = (server.get("/metrics").text for _ in range(10))
        return not any("serving_canary_share{" in scrape for scrape in scrapes)

    eventually(is_alone, "the guard ends")
    assert {ask(server, key) for key in KEYS[:20]} == {production}
