"""Watchers in their own processes, with a fake kedro and a fake MLflow."""

import json
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from tests.fixtures.forks import start_process

FAKE_KEDRO = Path(__file__).with_name("fake_kedro.py")


class FileResults:
    """Results that the fake kedro has written, instead of those in the registry."""

    def __init__(self, folder):
        self._folder = folder

    def recover(self):
        away = self._folder / "away"
        if away.exists():
            from mlflow.exceptions import MlflowException  # noqa: PLC0415

            from iris_kedro.errors import ProjectError  # noqa: PLC0415

            is_slow = away.read_text() == "slow"
            raise (ProjectError if is_slow else MlflowException)("MLflow is away")

    def find(self, decision):
        from iris_kedro.watcher.records.store import Result  # noqa: PLC0415
        from iris_kedro.watcher.rules import Outcome  # noqa: PLC0415

        self.recover()
        file = self._folder / "results" / decision
        return Result(Outcome(file.read_text()), "1") if file.exists() else None

    def read_labels(self, decision):
        return self.load_labels(self._folder / "results" / f"{decision}.jsonl")

    def find_labels(self):
        file = self._folder / "by_hand.jsonl"
        return str(file) if file.exists() else None

    def load_labels(self, address):
        from iris_kedro.watcher.triggers.labels import parse_labels  # noqa: PLC0415

        file = Path(address)
        return list(parse_labels(file.read_bytes())) if file.exists() else None

    def find_source(self):
        return None

    def find_production(self):
        file = self._folder / "production"
        if not file.exists():
            return None
        version, seconds = file.read_text().split()
        return version, float(seconds)

    def publish(self, text):
        self.recover()
        (self._folder / "published").write_text(text)


class FileTrials:
    """Counts the rounds in which canaries could have been advanced."""

    def __init__(self, folder):
        self._file = folder / "advanced"

    def advance(self):
        with self._file.open("a") as file:
            file.write(".")

    def find_canary(self):
        canary = self._file.with_name("canary")
        return canary.read_text() if canary.exists() else None


def build(folder, url, seconds=60.0, **parameters):
    """Build a watcher that works in a folder."""
    from iris_kedro.datasets import SourceDataset  # noqa: PLC0415
    from iris_kedro.specification import Watcher as Parameters  # noqa: PLC0415
    from iris_kedro.watcher.jobs.commands import Commands  # noqa: PLC0415
    from iris_kedro.watcher.new_data import TriggerSources  # noqa: PLC0415
    from iris_kedro.watcher.observer import Observer  # noqa: PLC0415
    from iris_kedro.watcher.records.database import connect, upgrade  # noqa: PLC0415
    from iris_kedro.watcher.records.lease import Lease  # noqa: PLC0415
    from iris_kedro.watcher.records.store import Store  # noqa: PLC0415
    from iris_kedro.watcher.rounds import Watcher  # noqa: PLC0415

    rules = {"cooldown_minutes": 0, "runs_per_day": 10_000, "failures": 10_000}
    given = Parameters.model_validate({"rules": rules, **parameters})
    engine = connect(url, folder)
    upgrade(engine)
    store, lease = Store(engine, "iris"), Lease(engine, "iris", seconds)
    results = FileResults(folder)
    source = SourceDataset("source.csv", "species", path=str(folder))
    takes_labels = given.triggers.labels is not None
    report = folder / "monitoring.json"
    sources = TriggerSources(engine, "iris", takes_labels, source, report)
    observer = Observer(sources, given.triggers, store, lease, results)
    commands = Commands(folder, folder / "logs", (sys.executable, str(FAKE_KEDRO)))
    trials = FileTrials(folder)
    return Watcher(given, store, lease, observer, results, commands, trials, "ada")


def kill_before(nth):
    """Kill this process before its nth effect."""
    from iris_kedro.watcher.jobs.job import Job  # noqa: PLC0415
    from iris_kedro.watcher.records.lease import Lease  # noqa: PLC0415
    from iris_kedro.watcher.records.store import Store  # noqa: PLC0415

    effects = iter(range(1, nth))

    def kill_or_call(effect):
        def call(*args, **kwargs):
            if next(effects, None) is None:
                os.kill(os.getpid(), signal.SIGKILL)
            return effect(*args, **kwargs)

        return call

    for owner, names in {
        Store: ["decide", "finish", "write_note"],
        Lease: ["take", "note_job", "find_orphan"],
        Job: ["__init__", "begin"],
        FileResults: ["recover", "find", "publish"],
    }.items():
        for name in names:
            setattr(owner, name, kill_or_call(getattr(owner, name)))


def watch(folder, url, seconds, parameters, killed_before=None):
    """Run a watcher until it is stopped, as the command does."""
    from iris_kedro.watcher.loop import Loop  # noqa: PLC0415

    os.chdir(folder)
    with open(folder / f"watcher-{os.getpid()}.log", "w") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    if killed_before is not None:
        kill_before(killed_before)
    loop = Loop(build(folder, url, seconds, **parameters), 0.05)
    loop.stop_on_signals()
    loop.run()


@dataclass
class Lab:
    """A folder for watchers and their jobs."""

    folder: Path
    url: str

    def prepare(self):
        (self.folder / "results").mkdir()
        pd.DataFrame({"a": [1], "species": ["x"]}).to_csv(
            self.folder / "source.csv", index=False
        )
        self.plan("released", 0.1)
        return self

    def plan(self, outcome, seconds=0.0):
        (self.folder / "plan").write_text(f"{outcome} {seconds}")

    def build(self, seconds=60.0, **parameters):
        return build(self.folder, self.url, seconds, **parameters)

    def start(self, seconds=60.0, killed_before=None, **parameters):
        arguments = (self.folder, self.url, seconds, parameters, killed_before)
        return start_process(watch, *arguments)

    def events(self):
        try:
            lines = (self.folder / "events").read_text().splitlines()
        except FileNotFoundError:
            return []
        return [json.loads(line) for line in lines]

    def begun(self):
        return [decision for event, decision, _ in self.events() if event == "begin"]
