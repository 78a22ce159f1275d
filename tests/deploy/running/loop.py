"""The stack after releases, traffic, labels, and an alert that the watcher gets."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy
import yaml

from serving.database.engine import connect
from tests.deploy.running.stack import Stack, find_database
from tests.deploy.running.traffic import (
    SETOSA,
    give_feedback,
    report_wrong,
    send_traffic,
)
from tests.fixtures.processes import wait_until


@dataclass(frozen=True)
class Loop:
    """The stack after a first release, a refused one, traffic and a promotion."""

    stack: Stack
    started: float
    first_run: str


@pytest.fixture(scope="module")
def loop(stack: Stack, copy_project: Callable[..., Any], tmp_path_factory: Any) -> Loop:
    """Cause everything that the dashboards show."""
    started = time.time()
    for _ in range(5):
        assert stack.predict(SETOSA).status_code == 503
    # What appears with its first event only grows from the next scrape on.
    failed = "flask_http_request_duration_seconds_count"
    wait_until(lambda: stack.value(f'{failed}{{status="503"}}'), "they are scraped")
    assert stack.predict(SETOSA).status_code == 503

    project = copy_project(tmp_path_factory.mktemp("stack") / "project", small=True)
    first_run = stack.kedro(project.path, "run")
    wait_until(lambda: stack.predict(SETOSA).ok, "the first version answers")
    give_feedback(stack, "1")
    parameters = "data_science.candidates.logistic_regression.grid"
    project.change("parameters_data_science.yml", parameters, {"C": [0.0001]})
    stack.kedro(project.path, "run")
    shadow = "serving_shadow_predictions_total"

    def is_compared() -> bool:
        send_traffic(stack)
        return bool(stack.value(f"sum({shadow})"))

    wait_until(is_compared, "the refused version is computed beside")
    end = time.monotonic() + 5
    while time.monotonic() < end:
        send_traffic(stack)
    reason = ("--reason", "of the test")
    stack.kedro(project.path, "model", "promote", "2", "--guard", *reason)
    version_2 = 'sum(serving_predictions_total{version="2"})'

    def answers_second() -> bool:
        send_traffic(stack)
        return bool(stack.value(version_2))

    wait_until(answers_second, "the promoted version answers")
    end = time.monotonic() + 5
    while time.monotonic() < end:
        send_traffic(stack)
    return Loop(stack, started, first_run)


@dataclass(frozen=True)
class Watched:
    """The stack with a watcher, after an alert that it got."""

    loop: Loop
    decisions: list[dict[str, Any]]
    triggers: list[dict[str, Any]]
    labels: list[dict[str, Any]]


@pytest.fixture(scope="module")
def watched(
    loop: Loop, copy_project: Callable[..., Any], tmp_path_factory: Any
) -> Watched:
    """Report that Production is mostly wrong, and let a watcher get the alert."""
    stack = loop.stack
    project = copy_project(tmp_path_factory.mktemp("watcher") / "project", small=True)
    project.change("parameters_watcher.yml", "watcher.poll_seconds", 2)
    file = project.path / "conf/production/parameters_watcher.yml"
    settings = yaml.safe_load(file.read_text())
    # The alert shall be the only trigger, although there are reports all the time.
    often = "*/20 * * * * *"  # of a minute's seconds
    settings["watcher"]["triggers"] |= {"monitoring": often, "verdicts": []}
    file.write_text(yaml.safe_dump(settings))

    report_wrong(stack, rows=5)
    counted = 'sum(serving_feedback_total{version="2"})'
    wait_until(lambda: stack.value(counted), "Prometheus has the first labels")
    command = [sys.executable, "-m", "kedro", *stack.command("watcher")]
    environ = stack.environ(
        "watcher",
        HOME=stack.folder,
        IRIS_WATCHER_BIND=stack.addresses["watcher:8001"],
    )
    stack.start("watcher", command, cwd=project.path, env=environ)
    stack.wait_for("watcher", f"{stack.url('watcher:8001')}/health")
    # Before the training: the next version has no labels.
    wait_until(lambda: stack.value("monitoring_accuracy") is not None, "a report")
    report_wrong(stack, rows=120)

    def read(query: str) -> list[dict[str, Any]]:
        engine = connect(find_database(stack, "watcher"))
        with engine.connect() as connection:
            rows = [
                dict(row)
                for row in connection.execute(sqlalchemy.text(query)).mappings()
            ]
        engine.dispose()
        return rows

    decided = "SELECT * FROM watcher_decisions WHERE outcome IS NOT NULL"
    log = stack.folder / "watcher.log"
    wait_until(lambda: read(decided), f"a run; {log} says why not", seconds=240)
    wait_until(lambda: stack.value("watcher_runs_total"), "the run is scraped")
    triggers = read("SELECT * FROM watcher_triggers")
    labels = read("SELECT * FROM watcher_labels")
    return Watched(loop, read(decided), triggers, labels)
