"""The smoke test, against the real service."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from deploy import smoke_test
from tests.serving.fixtures.tables import build

SCRIPT = Path(smoke_test.__file__)

pytestmark = pytest.mark.slow


@pytest.fixture
def run_it():
    """Run the smoke test like a workflow."""

    def run(url: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-I", SCRIPT, url, "--seconds", "0"],
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_a_service_that_predicts_passes(shared, run_it):
    ended = run_it(shared().url)

    assert ended.returncode == 0, ended.stderr
    assert "version 3 predicts its golden rows" in ended.stdout


def test_a_service_without_a_model_fails(start, run_it):
    server = start(follow_seconds=0, workers=1)

    ended = run_it(server.url)

    assert ended.returncode == 1
    assert "readiness within 0 s: expected status 200, got 503" in ended.stderr


def test_a_service_may_require_a_key(filled, run_it, write_keys):
    server = filled(api_keys_file=write_keys("secret"))

    refused, accepted = (
        run_it(server.url),
        run_it(server.url, SMOKE_TEST_API_KEY="secret"),
    )

    assert refused.returncode == 1
    assert "expected status 200, got 401" in refused.stderr
    assert accepted.returncode == 0, accepted.stderr


def test_an_unreachable_service_fails(run_it):
    ended = run_it("http://127.0.0.1:9")

    assert ended.returncode == 1
    assert "expected status 200, got 0" in ended.stderr


@pytest.fixture
def connect(monkeypatch):
    """Connect the smoke test to an application in this process."""

    def connect(client, change=lambda status, document: (status, document)):
        def send(url: str, body: object = None) -> tuple[int, object]:
            path = url.removeprefix("http://service")
            sent = client.get(path) if body is None else client.post(path, json=body)
            return change(sent.status_code, sent.get_json())

        monkeypatch.setattr(smoke_test, "send", send)

    return connect


def test_predictions_that_differ_from_training_fail(client, connect):
    """The service refuses such models; this covers everything in between."""

    def change(status: int, document: dict) -> tuple[int, dict]:
        changed = {"prediction": "virginica"} if "prediction" in document else {}
        return status, document | changed

    connect(client, change)

    with pytest.raises(smoke_test.SmokeTestError, match="must be setosa, but"):
        smoke_test.check("http://service/", 0)


def test_a_service_that_accepts_anything_fails(client, connect):
    connect(
        client, lambda status, document: (200 if status == 422 else status, document)
    )

    with pytest.raises(smoke_test.SmokeTestError, match="a row without values"):
        smoke_test.check("http://service", 0)


@pytest.fixture
def colours() -> bytes:
    """Build a model whose only feature is a category that accepts any text."""
    table = pd.DataFrame({"colour": ["red", "blue"] * 10})
    feature = {"name": "colour", "type": "category", "categories": ["red", "blue"]}
    labels = np.where(table["colour"] == "red", "warm", "cold")
    return build(table, [feature | {"unknown": "accept"}], labels, {"name": "kind"})


def test_a_model_that_accepts_any_text_passes(load, colours, make_app, connect):
    connect(make_app(load(colours)).test_client())

    assert smoke_test.check("http://service", 0) == "3"
