"""Every command of the tutorial, in its order, in a new clone."""

import json
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import yaml

from tests.documentation.clone import (
    ROOT,
    Clone,
    NotRun,
    answers,
    find_port,
    make_clone,
    prints_when_activated,
    read_commands,
)

COMMANDS = read_commands((ROOT / "docs/tutorial.md").read_text())
PREDICT, FEEDBACK = [each for each in COMMANDS if each.startswith("curl ")]
LABELLED = "kedro run --params data_engineering.labelled_rows.enabled=true"
TO_CANARY = (
    f"{LABELLED},model_release.strategy=canary"
    ",model_release.gate.non_inferiority_margin=0.5"
)
PATIENCE = 30  # seconds until a prediction is stored


class Reader:
    """Somebody who follows the page, and keeps its service running."""

    def __init__(self, clone: Clone) -> None:
        self.clone = clone
        self.address = f"127.0.0.1:{find_port()}"
        self.servers = ExitStack()
        self.prediction_id = ""

    def ask(self, command: str) -> dict:
        """Send a request of the page to the service."""
        command = command.replace("127.0.0.1:8000", self.address)
        return json.loads(self.clone.run(command).stdout)


@pytest.fixture(scope="module")
def reader(requires, tmp_path_factory) -> Iterator[Reader]:
    clone = make_clone(requires, tmp_path_factory.mktemp("loop"))
    simplify(clone.path / "conf/base")
    assert clone.run("make run").returncode == 0
    reader = Reader(clone)
    yield reader
    reader.servers.close()


def simplify(folder: Path) -> None:
    """Leave one candidate, to save time."""
    file = folder / "parameters_data_science.yml"
    parameters = yaml.safe_load(file.read_text())
    name, candidate = next(iter(parameters["data_science"]["candidates"].items()))
    parameters["data_science"]["candidates"] = {name: candidate}
    file.write_text(yaml.safe_dump(parameters, sort_keys=False))


def starts_the_service(reader: Reader, command: str) -> None:
    url = f"http://{reader.address}/health/ready"
    started = reader.clone.start(
        command.removesuffix(" &"), url, IRIS_BIND=reader.address
    )
    reader.servers.enter_context(started)

    assert answers(url)


def predicts(reader: Reader, command: str) -> None:
    reader.prediction_id = reader.ask(command)["prediction_id"]

    assert reader.prediction_id


def takes_the_label(reader: Reader, command: str) -> None:
    own = re.sub(r"[0-9a-f]{32}", reader.prediction_id, command)
    assert own != command

    end = time.monotonic() + PATIENCE
    while "new" not in (answer := reader.ask(own)) and time.monotonic() < end:
        time.sleep(0.1)
    assert answer == {"accepted": 1, "new": 1, "changed": 0}


def shows(text: str):
    """Return a check that a command ends well and prints a text."""

    def check(reader: Reader, command: str) -> None:
        prints_when_activated(text)(reader.clone, command)

    return check


def not_run(reason: str):
    """Return a check of a command that is not run here."""

    def check(reader: Reader, command: str) -> None:
        NotRun(reason)(reader.clone, command)

    return check


CHECKS = {
    "git clone <this repository> iris-kedro && cd iris-kedro": not_run("the fixture"),
    "make run": not_run("the fixture"),
    "source .venv/bin/activate": shows(""),
    "kedro model history": shows("Production is version 1"),
    "make serve &": starts_the_service,
    PREDICT: predicts,
    FEEDBACK: takes_the_label,
    "kedro run --pipelines monitoring": shows("too few rows"),
    "kedro watch --once": shows("Nothing to do"),
    TO_CANARY: shows("Canary"),
    "kedro model canary": shows("answers 5% of the requests"),
    "kedro model canary --decide": shows("wait"),
    'kedro model promote 2 --reason "tutorial"': shows(
        "Production of iris is version 2"
    ),
    'kedro model rollback --reason "back to version 1"': shows(
        "Production of iris is version 1"
    ),
    "kedro model resume": shows("no longer on hold"),
    "kill %1": not_run("the README has it"),
}


def test_every_command_has_a_check():
    assert set(COMMANDS) == set(CHECKS)


@pytest.mark.slow
@pytest.mark.parametrize("command", [each for each in COMMANDS if each in CHECKS])
def test_command_works(reader, command):
    CHECKS[command](reader, command)
