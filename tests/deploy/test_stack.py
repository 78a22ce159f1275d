"""The wiring of the compose file, with real processes in place of containers."""

import json
import math
import time
from pathlib import Path

import psycopg2
import pytest
import requests
from mlflow import MlflowClient

from iris_kedro.registry import Registry

pytestmark = pytest.mark.slow

DASHBOARDS = Path(__file__).parents[2] / "deploy/grafana/dashboards"


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
def registry(stack):
    return Registry("iris", MlflowClient(stack.url("mlflow:5000")))


def test_a_training_run_releases_through_the_server(loop, registry):
    assert "version 1 of iris (released by this run)" in loop.first_run
    assert [version.version for version in registry.versions()] == ["1", "2"]


def test_runs_are_kept_in_postgresql(loop, stack):
    settings = stack.environ("postgres")
    connection = psycopg2.connect(
        host="127.0.0.1",
        port=stack.port("postgres:5432"),
        user=settings["POSTGRES_USER"],
        password=settings["POSTGRES_PASSWORD"],
        dbname=settings["POSTGRES_DB"],
    )
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM model_versions WHERE name = 'iris'")
        (versions,) = cursor.fetchone()
    connection.close()

    assert versions == 2


def test_artifacts_are_kept_in_the_object_store(loop, objects):
    assert any(key.endswith("/model.onnx") for key in objects)
    assert all(key.startswith("artifacts/") for key in objects)


@pytest.fixture
def objects(object_store):
    pages = object_store.get_paginator("list_objects_v2").paginate(Bucket="mlflow")
    return [each["Key"] for page in pages for each in page.get("Contents", [])]


def test_training_and_service_hold_no_key_of_mlflows_stores(compose):
    for name in ("trainer", "watcher", "serving"):
        settings = compose["services"][name]["environment"]
        assert not [key for key in settings if key.startswith("AWS_")]
        assert not [text for text in settings.values() if "{POSTGRES_" in text]


def test_the_service_follows_promotions(loop, stack):
    answer = requests.get(f"{stack.url('serving:8000')}/health/ready", timeout=60)

    assert answer.json()["model"]["version"] == "2"
    assert answer.json()["registry"]["reachable"] is True


def test_a_refused_version_is_computed_beside_the_one_in_use(loop, stack, registry):
    compared = 'serving_shadow_predictions_total{version="1", shadow="2"}'

    assert registry.tags("2")["verdict"] in {"worse", "unfit"}
    assert stack.value(f"sum({compared})") > 0


def test_mlflow_answers_only_under_its_names(stack):
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


def test_prometheus_counts_what_was_predicted(loop, stack):
    metrics = requests.get(f"{stack.url('serving:8000')}/metrics", timeout=60).text
    line = next(
        line
        for line in metrics.splitlines()
        if line.startswith('serving_predictions_total{prediction="setosa",version="1"}')
    )

    seen = stack.value('serving_predictions_total{prediction="setosa", version="1"}')

    assert seen == float(line.rpartition(" ")[2])


def test_a_refusal_raises_an_alert_that_reaches_alertmanager(loop, stack, eventually):
    client = MlflowClient(stack.url("mlflow:5000"))
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


def test_the_user_of_predictions_reaches_no_other_database(stack):
    settings = stack.environ("serving")
    login = {"host": "127.0.0.1", "port": stack.port("postgres:5432")}
    login |= {"user": "predictions", "password": settings["PGPASSWORD"]}

    psycopg2.connect(**login, dbname="predictions").close()
    for other in ("mlflow", "postgres"):
        with pytest.raises(psycopg2.OperationalError, match="permission denied"):
            psycopg2.connect(**login, dbname=other)


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


def test_only_who_knows_the_token_asks_for_a_training(watched, stack):
    url = f"{stack.url('watcher:8001')}/trigger"

    answer = requests.post(url, json={"reason": "mine"}, timeout=60)

    assert answer.status_code == 401


def test_prometheus_scrapes_the_watcher(watched, stack):
    assert stack.value('up{job="iris-watcher"}') == 1


@pytest.mark.parametrize(
    "expression", [query for _, query in QUERIES], ids=[name for name, _ in QUERIES]
)
def test_query_of_a_dashboard_gives_data(watched, eventually, expression):
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
