"""Every command of the tutorial, in its order, in a new clone."""

import re
from collections.abc import Iterator

import pytest

from tests.documentation.clone import (
    ROOT,
    NotRun,
    Reader,
    activates,
    find_missing_tests,
    keep_one_candidate,
    make_clone,
    prints_in_process,
    read_commands,
    select_run,
)
from tests.fixtures.processes import wait_until

COMMANDS = read_commands((ROOT / "docs/tutorial.md").read_text())
PREDICT, FEEDBACK = [each for each in COMMANDS if each.startswith("curl ")]
LABELLED = "kedro run --params data_engineering.labelled_rows.enabled=true"
TO_CANARY = (
    f"{LABELLED},model_release.strategy=canary"
    ",model_release.gate.non_inferiority_margin=0.5"
)
PATIENCE = 30  # seconds until a prediction is stored


@pytest.fixture(scope="module")
def reader(requires, tmp_path_factory) -> Iterator[Reader]:
    clone = make_clone(requires, tmp_path_factory.mktemp("loop"))
    keep_one_candidate(clone.path)
    assert clone.run("make run").returncode == 0
    reader = Reader(clone)
    yield reader
    reader.servers.close()


def predicts(reader: Reader, command: str) -> None:
    reader.prediction_id = reader.ask(command)["prediction_id"]

    assert reader.prediction_id


def takes_the_label(reader: Reader, command: str) -> None:
    own = re.sub(r"[0-9a-f]{32}", reader.prediction_id, command)
    assert own != command

    answers = []

    def ask():
        answers.append(reader.ask(own))
        return "new" in answers[-1]

    wait_until(ask, "the prediction is stored", PATIENCE)
    assert answers[-1] == {"accepted": 1, "new": 1, "changed": 0}


def shows(text: str):
    """Return a check that a command ends well and prints a text."""

    def check(reader: Reader, command: str) -> None:
        prints_in_process(text)(reader.clone, command)

    return check


CHECKS = {
    "git clone <this repository> iris-kedro && cd iris-kedro": NotRun(
        "tests/documentation/test_readme.py"
    ),
    "make run": NotRun("tests/documentation/test_tutorial.py"),  # by the fixture
    "source .venv/bin/activate": lambda reader, command: activates(
        reader.clone, command
    ),
    "kedro model history": shows("Production is version 1"),
    "make serve &": lambda reader, _: reader.start_service("make serve"),
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
    "kill %1": NotRun("tests/documentation/test_readme.py"),
}


def test_every_command_has_a_check():
    assert set(COMMANDS) == set(CHECKS)
    assert find_missing_tests(CHECKS) == []


@pytest.mark.slow
@pytest.mark.parametrize("command", select_run(COMMANDS, CHECKS))
def test_command_works(reader, command):
    CHECKS[command](reader, command)
