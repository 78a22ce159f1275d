"""``make loop``, as in docs/explanation/loop.md, checked by the records it leaves."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from demo.loop.project import MODEL, Project
from demo.loop.records import Records
from demo.loop.story import BAD_REASON
from iris_kedro.watcher.rules import Action, Outcome
from tests.fixtures.processes import wait_until

ROOT = Path(__file__).parents[2]
COPIED = [
    *("conf", "demo", "serving", "src"),
    *("pyproject.toml", "requirements.lock", ".telemetry"),
]
SECONDS = 900  # generous, for a busy machine

pytestmark = [pytest.mark.slow, pytest.mark.timeout(SECONDS)]


def copy_project(folder):
    folder.mkdir()
    for name in COPIED:
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / name)
    (folder / "data").mkdir()
    return Project(folder)


def start(project, log):
    with log.open("w") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "demo.loop"],
            cwd=project.folder,
            env={**os.environ, "PYTHONPATH": f"{project.folder}/src"},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


@dataclass(frozen=True)
class Finished:
    """A story that ran to its end."""

    project: Project
    output: str

    @property
    def records(self):
        return Records(self.project)

    @property
    def summary(self):
        return json.loads((self.project.build / "story.json").read_text())


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("loop")
    project = copy_project(folder / "project")
    process = start(project, folder / "output.txt")
    try:
        process.wait(SECONDS - 60)
    finally:
        process.terminate()
        process.wait()
    output = (folder / "output.txt").read_text()
    assert process.returncode == 0, output
    return Finished(project, output)


def test_the_retrained_version_is_in_production_after_the_rollback(finished):
    records = finished.records

    assert records.aliases() == {"Production": "2", "Previous": "3"}
    assert records.hold().action == "rollback"
    assert records.registry.guard() is None
    assert records.registry.canary() is None


def test_history_has_each_step_once_and_in_order(finished):
    events = finished.records.events()

    found = [
        (each.action, each.to, each.version, each.share, each.guard, each.hold)
        for each in events
    ]

    assert found == [
        ("release", "1", None, None, "", ""),
        ("canary start", None, "2", 0.05, "", ""),
        ("canary share", None, "2", 0.25, "", ""),
        ("canary share", None, "2", 1.0, "", ""),
        ("promote", "2", "2", None, "set", ""),
        ("promote", "3", None, None, "set", ""),
        ("rollback", "2", None, None, "", "set"),
    ]
    assert all(each.is_complete for each in events)
    assert events[-2].reason == BAD_REASON


def test_the_watchers_changes_have_evidence(finished):
    events = finished.records.events()
    promotion, rollback = events[4], events[-1]

    assert promotion.figures["e_not_worse"] >= 100
    assert promotion.figures["gained"] > promotion.figures["lost"]
    assert rollback.figures["e_worse"] >= 100
    assert rollback.figures["lost"] > rollback.figures["gained"]
    assert len({each.by for each in [*events[2:5], rollback]}) == 1


def test_each_version_has_a_verdict_of_the_gate(finished):
    verdicts = [finished.records.tags(each)["verdict"] for each in "123"]

    assert verdicts == ["first release", "better", "unfit"]


def test_decisions_not_to_act_are_recorded(finished):
    decisions = finished.records.decisions()
    runs = [each for each in decisions if each.action == Action.RUN]
    before = decisions[: decisions.index(runs[0])]
    after = decisions[decisions.index(runs[0]) + 1 :]

    assert {(each.action, each.rule) for each in before} == {("skip", "nothing new")}
    assert "there are no new labelled rows" in before[0].reason
    assert [(each.outcome, each.version) for each in runs] == [(Outcome.CANARY, "2")]
    assert {each.rule for each in after} <= {"nothing new", "canary", "cooldown"}


def test_monitoring_verdicts_are_in_mlflow(finished):
    client = finished.records.client
    experiment = client.get_experiment_by_name(MODEL)
    runs = client.search_runs(
        [experiment.experiment_id],
        "tags.monitoring != ''",
        order_by=["start_time ASC"],
    )

    verdicts = [run.data.tags["monitoring"] for run in runs]

    assert "quiet" in verdicts
    assert verdicts.index("quiet") < verdicts.index("data drift")


def test_all_labels_became_rows(finished):
    metrics = finished.records.metrics("2")

    rows = {
        part: metrics[f"rows/labelled/{part}"]
        for part in ("rows", "left_out", "duplicates_dropped", "train", "test")
    }

    assert (rows["rows"], rows["left_out"]) == (800, 0)
    assert rows["train"] + rows["test"] + rows["duplicates_dropped"] == 800


def test_no_prediction_and_no_label_was_lost(finished):
    summary = finished.summary

    assert finished.records.count_rows() == (summary["rows"], summary["labels"])
    assert summary["rows"] > summary["labels"] > 800


def test_story_ends_with_the_history_and_the_report(finished):
    report = finished.project.reporting / "monitoring.html"

    assert "kedro model history" in finished.output
    assert report.as_uri() in finished.output.replace("\n", "")
    assert report.exists()


def test_story_only_writes_to_its_own_folders(finished):
    folder = finished.project.folder

    left = {each.name for each in folder.iterdir()} - {*COPIED}
    assert left == {"build", "data", ".viz"}  # kedro-viz counts rows of each run there
    assert {each.name for each in (folder / "data").glob("*/*")} == {"iris@loop"}


def test_story_leaves_no_process(finished):
    assert find_programs(finished.project) == {}


def test_interrupted_story_leaves_no_process(tmp_path):
    project = copy_project(tmp_path / "project")
    log = tmp_path / "output.txt"
    process = start(project, log)
    try:
        wait_until(
            lambda: find_programs(project)["kedro"] or process.poll() is not None,
            "kedro runs",
        )
        assert process.poll() is None, log.read_text()
    finally:
        process.send_signal(signal.SIGTERM)  # handled as Ctrl-C is
        process.wait(60)

    assert process.returncode == 130
    assert find_programs(project) == {}


def find_programs(project):
    """Count the processes that run in the project's folder."""
    found = Counter()
    for process in psutil.process_iter(["cwd", "cmdline"]):
        if process.info["cwd"] == str(project.folder):
            command = process.info["cmdline"]
            found[command[2] if "-m" in command else command[0]] += 1
    return found
