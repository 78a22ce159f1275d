"""Every command of docs/loop.md, in the order of the page, in a new clone."""

import json
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import yaml

from iris_kedro import prediction_database
from serving.database import tables
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

PAGE = (ROOT / "docs/loop.md").read_text()
COMMANDS = read_commands(PAGE)
PREDICT, FEEDBACK = [each for each in COMMANDS if each.startswith("curl ")]
LABELLED = "kedro run --params data_engineering.labelled_rows.enabled=true"
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
    """Leave one candidate, which passes the gate with a single new row."""
    file = folder / "parameters_data_science.yml"
    parameters = yaml.safe_load(file.read_text())
    name, candidate = next(iter(parameters["data_science"]["candidates"].items()))
    parameters["data_science"]["candidates"] = {name: candidate}
    file.write_text(yaml.safe_dump(parameters, sort_keys=False))
    file = folder / "parameters_model_release.yml"
    parameters = yaml.safe_load(file.read_text())
    parameters["model_release"]["gate"]["non_inferiority_margin"] = 0.5
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
    "make serve &": starts_the_service,
    PREDICT: predicts,
    FEEDBACK: takes_the_label,
    "kedro run --pipelines monitoring": shows("too few rows"),
    "kedro watch --once": shows("Nothing to do"),
    f"{LABELLED},model_release.strategy=canary": shows("Canary"),
    "kedro model canary": shows("answers 5% of the requests"),
    "kedro model canary --decide": shows("wait"),
    "kedro model history": shows("canary"),
    "kedro run --pipelines monitoring --env wine": not_run("tests/test_monitoring.py"),
    "kedro watch": not_run("tests/test_watch.py"),
    "kedro watch status": not_run("tests/test_watch.py"),
    'kedro watch reset --reason "data fixed"': not_run("tests/test_watch.py"),
    LABELLED: not_run("it is above, with another parameter"),
    'kedro model canary --stop --reason "too early"': shows("no longer the canary"),
    "make serve": not_run("it is above"),
    "make loop": not_run("tests/demo"),
    "make run": not_run("the fixture has run it"),
    "kedro run": not_run("the README has it"),
    "kedro watch reset": not_run("it is above, with a reason"),
    "kedro model resume": not_run("the README has it"),
    "kedro model promote": not_run("the README has it"),
    "kedro model rollback": not_run("the README has it"),
}


def test_every_command_has_a_check():
    assert set(COMMANDS) == set(CHECKS)


@pytest.mark.parametrize("name", ["predictions", "feedback"])
def test_columns_are_those_of_the_tables(name):
    table = PAGE.split(f"| `{name}` | |\n| --- | --- |\n")[1].split("\n\n")[0]
    keys = [line.split(" | ")[0] for line in table.splitlines()]
    described = re.findall(r"`(\w+)`", " ".join(keys))

    assert described == [each.name for each in getattr(tables, name).columns]
    assert described == [each.name for each in getattr(prediction_database, name).c]


@pytest.mark.slow
@pytest.mark.parametrize("command", [each for each in COMMANDS if each in CHECKS])
def test_command_works(reader, command):
    CHECKS[command](reader, command)
