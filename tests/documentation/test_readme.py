"""Every command of the README, in a new clone and without an activated environment."""

import json
import re
import socket
from collections.abc import Iterator

import pytest

from tests.documentation.clone import (
    ROOT,
    Check,
    Clone,
    NotRun,
    answers,
    find_missing_tests,
    find_port,
    is_known_to_make,
    make_clone,
    prints,
    read_commands,
    select_run,
    serves,
)

README = (ROOT / "README.md").read_text()


# --- What the README says ------------------------------------------------------------


def read_blocks(language: str) -> list[str]:
    """Return the blocks of the README in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


COMMANDS = read_commands(README)
[PREDICT] = [each for each in COMMANDS if each.startswith("curl ")]
[ANSWER] = read_blocks("json")
OWN_TABLE = [each for each in COMMANDS if "passengers" in each]
RESULT = read_blocks("text")[0]


# --- A clone and what runs in it -----------------------------------------------------


@pytest.fixture(scope="module")
def clone(requires, shipped, tmp_path_factory) -> Iterator[Clone]:
    """Return a clone after the quickstart's first command, and what the next leaves."""
    clone = make_clone(requires, tmp_path_factory.mktemp("readme"), COMMANDS[0])
    clone.take_over(shipped)
    yield clone
    clone.stop()


# --- What the commands do ------------------------------------------------------------


def clones(clone: Clone, command: str) -> None:
    assert command == COMMANDS[0]
    assert (clone.path / ".git").is_dir()


def starts_the_service(clone: Clone, command: str) -> None:
    assert command == "make serve &"
    assert answers(f"http://{clone.service}/")


def answers_as_printed(clone: Clone, command: str) -> None:
    printed = json.loads(ANSWER)
    result = clone.run(command.replace("127.0.0.1:8000", clone.service))

    answer = json.loads(result.stdout)
    assert answer.keys() == printed.keys()
    assert answer["model"].keys() == printed["model"].keys()
    assert answer["prediction"] == printed["prediction"]
    assert answer["probabilities"] == pytest.approx(printed["probabilities"], abs=1e-3)


def stops_the_service(clone: Clone, command: str) -> None:
    address = f"127.0.0.1:{find_port()}"
    ask = f"curl -s --retry 60 --retry-connrefused http://{address}/health/live"
    # With job control, as on a terminal.
    script = f"set -m; make serve & {ask} --retry-delay 1; {command}; wait"
    result = clone.run(script, IRIS_BIND=address)

    assert '{"status":"live"}' in result.stdout
    host, _, port = address.partition(":")
    socket.create_server((host, int(port))).close()


CHECKS: dict[str, Check | NotRun] = {
    "git clone <this repository> iris-kedro && cd iris-kedro": clones,
    "make run": NotRun("tests/documentation/test_tutorial.py"),
    "make serve &": starts_the_service,
    PREDICT: answers_as_printed,
    "make ui": serves("/", "--port {port}"),
    "make loop": is_known_to_make,
    "make viz": serves("/", "--port {port} --no-browser"),
    "make notebook": serves(
        "/lab", "--ip 127.0.0.1 --port {port} --no-browser --allow-root"
    ),
    ".venv/bin/kedro model history": prints("Production is version 1"),
    **dict.fromkeys(OWN_TABLE, NotRun("tests/documentation/test_own_data.py")),
}


def test_the_guide_starts_with_the_commands_for_your_own_table():
    guide = (ROOT / "docs/how-to/own-data.md").read_text()

    assert len(OWN_TABLE) == 3
    assert read_commands(guide)[:3] == OWN_TABLE


@pytest.mark.slow
def test_a_run_prints_the_result(shipped):
    def mask(text: str) -> list[str]:
        return [re.sub(r"\d", "0", line.rstrip()) for line in text.splitlines()]

    result = mask(RESULT)
    assert mask(shipped.output)[-len(result) :] == result


@pytest.mark.slow
def test_the_service_stops_as_documented(clone):
    assert "`kill %1` stops the service" in README
    stops_the_service(clone, "kill %1")


def test_every_command_has_a_check():
    assert set(COMMANDS) == set(CHECKS)
    assert find_missing_tests(CHECKS) == []


@pytest.mark.slow
@pytest.mark.parametrize("command", select_run(COMMANDS, CHECKS))
def test_command_works(clone, command):
    CHECKS[command](clone, command)
