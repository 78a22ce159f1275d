"""The wiring of the compose file, with real processes in place of containers."""

import json
import math
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests
from mlflow.exceptions import MlflowException
from sklearn.datasets import load_iris

from iris_kedro.registry import Registry

pytestmark = pytest.mark.slow

FOLDER = Path(__file__).parents[2] / "deploy"
DASHBOARDS = FOLDER / "grafana/dashboards"


def read_queries() -> list[tuple[str, str]]:
    """Return dashboard and panel with each query."""
    found = []
    for file in sorted(DASHBOARDS.glob("*.json")):
        page = json.loads(file.read_text())
        for panel in page["panels"]:
            for target in panel.get("targets", []):
                name = f"{page['title']}: {panel['title']}"
                name += (
                    f": {target['legendFormat']}" if "legendFormat" in target else ""
                )
                found.append((name, target["expr"]))
        for annotation in page["annotations"]["list"]:
            found.append((f"{page['title']}: {annotation['name']}", annotation["expr"]))
    return found


QUERIES = read_queries()


@pytest.fixture
def registry(log_in):
    return Registry("iris", log_in("trainer"))


def test_a_training_run_releases_through_the_server(loop, registry):
    assert "version 1 of iris (released by this run)" in loop.first_run
    assert [version.version for version in registry.versions()] == ["1", "2"]


def test_runs_are_kept_in_postgresql(loop, ask_database):
    query = "SELECT count(*) FROM model_versions WHERE name = 'iris'"

    assert ask_database("mlflow", query) == 2


def test_artifacts_are_kept_in_the_object_store(loop, object_store):
    objects = list_objects(object_store)

    assert any(key.endswith("/model.onnx") for key in objects)
    assert all(key.startswith("artifacts/") for key in objects)


def list_objects(store, part=""):
    """List the keys in MLflow's bucket that have a part."""
    pages = store.get_paginator("list_objects_v2").paginate(Bucket="mlflow")
    keys = [each["Key"] for page in pages for each in page.get("Contents", [])]
    return [key for key in keys if part in key]


def test_training_and_service_have_no_key_of_mlflows_stores(compose):
    for name in ("trainer", "watcher", "scoring", "serving"):
        settings = compose["services"][name]["environment"]
        own = re.compile(r"\$\{(POSTGRES_|MLFLOW_DATABASE_|MLFLOW_ADMIN_|S3_)")
        assert not [text for text in settings.values() if own.match(text)]


def test_the_service_follows_promotions(loop, stack):
    answer = requests.get(f"{stack.url('serving:8000')}/health/ready", timeout=60)

    assert answer.json()["model"]["version"] == "2"
    assert answer.json()["registry"]["reachable"] is True


def test_a_refused_version_is_the_shadow(loop, stack, registry):
    compared = 'serving_shadow_predictions_total{version="1", shadow="2"}'

    assert registry.tags("2")["verdict"] in {"worse", "unfit"}
    assert stack.value(f"sum({compared})") > 0


def test_mlflow_only_accepts_its_names(stack):
    url = stack.url("mlflow:5000")
    stranger = {"Host": "stranger.example"}

    refused = requests.get(
        f"{url}/api/2.0/mlflow/experiments/search", headers=stranger, timeout=60
    )
    probed = requests.get(f"{url}/health", headers=stranger, timeout=60)

    assert (refused.status_code, probed.status_code) == (403, 200)


def test_prometheus_scrapes_all_configured_targets(loop, stack):
    targets = stack.ask("targets")["activeTargets"]
    jobs = {target["labels"]["job"]: target["health"] for target in targets}

    assert jobs["iris-serving"] == "up"
    assert jobs["alertmanager"] == "up"


def test_rules_are_evaluated_without_an_error(loop, stack):
    groups = stack.ask("rules")["groups"]
    rules = [rule for group in groups for rule in group["rules"]]

    assert {rule["health"] for rule in rules} == {"ok"}


def test_prometheus_counts_predictions(loop, stack):
    metrics = requests.get(f"{stack.url('serving:8000')}/metrics", timeout=60).text
    line = next(
        line
        for line in metrics.splitlines()
        if line.startswith('serving_predictions_total{prediction="setosa",version="1"}')
    )

    seen = stack.value('serving_predictions_total{prediction="setosa", version="1"}')

    assert seen == float(line.rpartition(" ")[2])


def test_a_refusal_raises_an_alert_that_reaches_alertmanager(
    loop, stack, log_in, eventually
):
    client = log_in("trainer")
    first = client.get_model_version("iris", "1")
    # Without a digest, as somebody might register it by hand.
    model_id = first.source.removeprefix("models:/")
    by_hand = client.create_model_version("iris", first.source, model_id=model_id)

    client.set_registered_model_alias("iris", "Challenger", by_hand.version)

    def has_alert() -> bool:
        url = f"{stack.url('alertmanager:9093')}/api/v2/alerts"
        alerts = requests.get(url, timeout=60).json()
        labels = [alert["labels"] for alert in alerts]
        return any(
            each["alertname"] == "ServingVersionRefused" and each["reason"] == "digest"
            for each in labels
        )

    eventually(has_alert, "Alertmanager has the alert")


def test_a_trial_passes_if_the_stack_works(watched, stack, tmp_path):
    docker = tmp_path / "docker"
    docker.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/log\n')
    docker.chmod(0o755)
    services = {
        "SERVICE": "serving:8000",
        "PROMETHEUS": "prometheus:9090",
        "MLFLOW": "mlflow:5000",
    }
    environ = {name: stack.url(address) for name, address in services.items()}
    environ["PATH"] = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"

    ran = subprocess.run(
        [FOLDER / "compose/try.sh"],
        env={**os.environ, **environ, "TRY_SECONDS": "60"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.count("Smoke test passed") == 2
    commands = (tmp_path / "log").read_text().splitlines()
    assert commands[-1].endswith("down --volumes")


def test_an_alert_makes_the_watcher_train(watched):
    [alert] = [each for each in watched.triggers if each["kind"] == "alert"]
    [decision] = watched.decisions

    assert "ServingAccuracyLow" in alert["reason"]
    assert alert["decision_id"] == decision["id"]
    assert (decision["action"], decision["rule"]) == ("run", "due")
    assert alert["reason"] in decision["reason"]
    assert watched.labels  # which the training had
    assert decision["outcome"] in {"canary", "refused"}


def test_the_run_of_the_watcher_is_in_the_registry(watched, registry):
    [decision] = watched.decisions

    assert registry.tags(decision["version"])["labelled_rows"]


def test_a_training_request_requires_the_token(watched, stack):
    url = f"{stack.url('watcher:8001')}/trigger"

    answer = requests.post(url, json={"reason": "mine"}, timeout=60)

    assert answer.status_code == 401


@pytest.mark.parametrize(
    "expression", [query for _, query in QUERIES], ids=[name for name, _ in QUERIES]
)
def test_query_of_a_dashboard_returns_data(watched, eventually, expression):
    loop = watched.loop
    # Grafana puts these in.
    for variable, value in (
        ("$__rate_interval", "15s"),
        ("$__interval", "5s"),
        ("$namespace", ".*"),
    ):
        expression = expression.replace(variable, value)

    def gives_data() -> bool:
        found = loop.stack.ask(
            "query_range", query=expression, start=loop.started, end=time.time(), step=1
        )
        values = [
            float(value) for each in found["result"] for _, value in each["values"]
        ]
        return any(math.isfinite(value) for value in values)

    eventually(gives_data, expression, seconds=30)


def test_training_reads_data_in_an_object_store(
    stack, object_store, copy_project, tmp_path
):
    project = copy_project(tmp_path / "project", small=True)
    object_store.create_bucket(Bucket="raw")
    rows = load_iris(as_frame=True)
    data = rows.data.assign(species=rows.target_names[rows.target])
    data.columns = [name.removesuffix(" (cm)") for name in data.columns]
    object_store.put_object(
        Bucket="raw", Key="iris.csv", Body=data.to_csv(index=False).encode()
    )
    # As in .env; the stack's own names of these variables are in the compose file.
    source = {"IRIS_SOURCE": "s3://raw/iris.csv", "AWS_ACCESS_KEY_ID": "raw"}
    source |= {"AWS_SECRET_ACCESS_KEY": "secret"}
    source |= {"AWS_ENDPOINT_URL": stack.url("seaweedfs:8333")}

    stack.kedro(project.path, "run", "--pipelines", "data_engineering", **source)

    (raw,) = project.path.glob("data/01_raw/**/raw.csv")
    assert raw.read_text() == data.to_csv(index=False)


def test_retention_frees_the_space_of_old_versions(
    watched, stack, log_in, object_store, copy_project, tmp_path, eventually
):
    client = log_in("trainer")
    experiment = client.get_experiment_by_name("iris").experiment_id
    run = client.create_run(experiment).info.run_id
    client.log_text(run, "old", "old.txt")
    client.set_terminated(run)
    version = client.create_model_version("iris", f"runs:/{run}/old", run).version
    assert list_objects(object_store, run)
    project = copy_project(tmp_path / "project", small=True)
    environ = stack.environ(
        "retention",
        HOME=stack.folder,
        SUCCEEDED=tmp_path / "succeeded",
        RETENTION_VERSIONS=0,
        RETENTION_DAYS=0,
    )
    environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environ['PATH']}"

    command = ["/bin/sh", str(FOLDER / "compose/retention.sh")]
    options = {"cwd": project.path, "env": environ, "start_new_session": True}
    process = stack.start("retention", command, **options)
    log = stack.folder / "retention.log"
    try:
        eventually((tmp_path / "succeeded").exists, f"{log} says why not")
    finally:
        os.killpg(process.pid, signal.SIGKILL)

    assert not list_objects(object_store, run)
    # Nobody has rights to a run that is not there.
    with pytest.raises(MlflowException, match=r"not found|Permission denied"):
        client.get_run(run)
    with pytest.raises(MlflowException, match="not found"):
        client.get_model_version("iris", version)
    assert client.get_model_version_by_alias("iris", "Production")
