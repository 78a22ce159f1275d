"""The smoke test, against the real service."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from deploy import smoke_test

SCRIPT = Path(smoke_test.__file__)

pytestmark = pytest.mark.slow


@pytest.fixture
def run_it():
    """Run the smoke test as a workflow does."""

    def run(url: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-I", SCRIPT, url, "--seconds", "0"],
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_a_service_that_predicts_passes(
    start, registry, iris_bytes, eventually, run_it
):
    version = registry.release(iris_bytes)
    server = start()
    eventually(lambda: server.serves(version), "the version is served")

    ended = run_it(server.url)

    assert ended.returncode == 0, ended.stderr
    assert f"version {version} predicts its golden rows" in ended.stdout


def test_a_service_without_a_model_fails(start, run_it):
    server = start()

    ended = run_it(server.url)

    assert ended.returncode == 1
    assert "readiness within 0 s: expected status 200, got 503" in ended.stderr


def test_a_service_that_wants_a_key_needs_one(
    start, registry, iris_bytes, eventually, run_it, tmp_path
):
    registry.release(iris_bytes)
    keys = tmp_path / "keys"
    keys.write_text(f"alice {hashlib.sha256(b'secret').hexdigest()}\n")
    server = start(api_keys_file=keys)

    def is_ready() -> bool:
        """Ask often enough to meet both workers."""
        return all(server.get("/health/ready").ok for _ in range(20))

    eventually(is_ready, "both workers are ready")

    refused, accepted = (
        run_it(server.url),
        run_it(server.url, SMOKE_TEST_API_KEY="secret"),
    )

    assert refused.returncode == 1
    assert "expected status 200, got 401" in refused.stderr
    assert accepted.returncode == 0, accepted.stderr


def test_nothing_there_fails(run_it):
    ended = run_it("http://127.0.0.1:9")

    assert ended.returncode == 1
    assert "expected status 200, got 0" in ended.stderr


def test_other_predictions_than_in_training_fail(client, monkeypatch):
    """The model itself refuses such a start; this is for all that lies between."""

    def ask(url: str, body: object = None) -> tuple[int, object]:
        path = url.removeprefix("http://service")
        answer = client.get(path) if body is None else client.post(path, json=body)
        document = answer.get_json()
        if "prediction" in document:
            document["prediction"] = "virginica"
        return answer.status_code, document

    monkeypatch.setattr(smoke_test, "ask", ask)

    with pytest.raises(smoke_test.SmokeTestError, match="must be setosa, but"):
        smoke_test.check("http://service/", 0)


def test_a_service_that_takes_anything_fails(client, monkeypatch):
    def ask(url: str, body: object = None) -> tuple[int, object]:
        path = url.removeprefix("http://service")
        answer = client.get(path) if body is None else client.post(path, json=body)
        status = 200 if answer.status_code == 422 else answer.status_code
        return status, answer.get_json()

    monkeypatch.setattr(smoke_test, "ask", ask)

    with pytest.raises(smoke_test.SmokeTestError, match="a row without numbers"):
        smoke_test.check("http://service", 0)
