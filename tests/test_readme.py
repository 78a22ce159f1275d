"""Every command of the README, in a new clone and without an activated environment."""

import json
import os
import random
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import pytest
import requests
import yaml
from mlflow.tracking import MlflowClient

from tests.iris_kedro import passengers

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
PROGRAMS = {".venv/bin/kedro", "curl", "docker", "git", "kedro", "kill", "make", "pip"}
BARE_PATH = "/usr/bin:/bin"
KEPT = "logistic_regression"  # the one candidate after the first run
PATIENCE = 120  # seconds for a server to answer on a busy machine


# --- What the README says ------------------------------------------------------------


def read_commands(text: str) -> list[str]:
    """Return the commands in the blocks of a Markdown text, and inline in its prose."""
    shell, prose, fence = "", "", None
    for line in text.splitlines():
        if line.startswith("```"):
            fence = line.strip("`") if fence is None else None
        elif fence == "sh" or (fence is None and line.startswith("    ")):
            shell += re.sub(r"(^| +)# .*", "", line.strip()) + "\n"
        elif fence is None:
            prose += f"{line} "
    blocks = shell.replace("\\\n", " ").splitlines()
    inline = [
        span for span in re.findall(r"`([^`]+)`", prose) if span.split()[0] in PROGRAMS
    ]
    commands = [" ".join(command.split()) for command in [*blocks, *inline]]
    return list(dict.fromkeys(filter(None, commands)))


def read_blocks(language: str) -> list[str]:
    """Return the blocks of the README in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


COMMANDS = read_commands(README)
PREDICT, REFUSED = [each for each in COMMANDS if each.startswith("curl ")]
ANSWER, REFUSAL = read_blocks("json")
RESULT = read_blocks("text")[0]


# --- A clone and what runs in it -----------------------------------------------------


class Clone:
    """A clone of the project with the environment of the tests, as make installs it."""

    first_run: subprocess.CompletedProcess[str]

    def __init__(self, folder: Path) -> None:
        self.path = folder / "iris-kedro"
        self._home = folder / "home"
        self._home.mkdir()
        self._servers = ExitStack()

    def run(self, command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            ["/bin/bash", "-c", command],
            cwd=self.path if self.path.exists() else self.path.parent,
            env=self._environment(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )

    @contextmanager
    def start(self, command: str, url: str, **environment: str) -> Iterator[str]:
        """Run a server until it answers and as long as it is needed."""
        log = self.path.parent / f"{command.rsplit(maxsplit=1)[-1]}.log"
        with log.open("w") as output:
            process = subprocess.Popen(
                ["/bin/bash", "-c", command],
                cwd=self.path,
                env=self._environment(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        try:
            wait_for(lambda: answers(url) or process.poll() is not None)
            assert process.poll() is None, log.read_text()
            yield url
        finally:
            stop_group(process)

    @cached_property
    def service(self) -> str:
        """Address of the service, which runs from its first use on."""
        address = f"127.0.0.1:{find_port()}"
        url = f"http://{address}/health/ready"
        self._servers.enter_context(self.start("make serve", url, IRIS_BIND=address))
        return address

    def stop(self) -> None:
        """Stop the service."""
        self._servers.close()

    def _environment(self, changes: dict[str, str]) -> dict[str, str]:
        return {"PATH": BARE_PATH, "HOME": str(self._home), **changes}


def stop_group(process: subprocess.Popen[bytes]) -> None:
    """Stop a process and all that it has started, gracefully if that helps."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
        end = time.monotonic() + 20
        while time.monotonic() < end:
            process.poll()
            os.killpg(process.pid, 0)  # until there is no such group
            time.sleep(0.1)
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def wait_for(holds: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"nothing in {seconds} seconds"
        time.sleep(0.1)


def answers(url: str) -> bool:
    """Ask some times, because each worker of the service loads the model by itself."""
    try:
        return all(requests.get(url, timeout=10).ok for _ in range(10))
    except requests.RequestException:
        return False


def find_port() -> int:
    """Return a port that is free and not above 49151, which kedro-viz refuses."""
    while True:
        port = random.randrange(20_000, 32_000)  # noqa: S311 -- no secret
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


@pytest.fixture(scope="module")
def clone(requires, tmp_path_factory) -> Iterator[Clone]:
    """Return a clone in which the quickstart's first two commands have run.

    The rest has one fast candidate and three versions, of which one can be promoted.
    """
    for program in ("curl", "git", "make"):
        requires(program)
    clone = Clone(tmp_path_factory.mktemp("readme"))
    source = shlex.quote(str(ROOT))
    clone.run(COMMANDS[0].replace("<this repository>", source)).check_returncode()
    copy_changes(clone.path)
    link_environment(clone.path / ".venv")
    clone.first_run = clone.run("make run")
    assert clone.first_run.returncode == 0, clone.first_run.stdout
    keep_one_candidate(clone.path / "conf/base/parameters_data_science.yml")
    add_versions(f"sqlite:///{clone.path}/mlflow.db")
    yield clone
    clone.stop()


def copy_changes(clone: Path) -> None:
    """Make a clone what its original is now, committed or not."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
    for name in filter(None, listed.decode().split("\0")):
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        (clone / name).unlink(missing_ok=True)
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, clone / name)


def link_environment(folder: Path) -> None:
    """Use the environment of the tests as if make had just installed it."""
    folder.mkdir()
    for entry in Path(sys.prefix).iterdir():
        if entry.name != ".ready":
            (folder / entry.name).symlink_to(entry)
    (folder / ".ready").touch()


def keep_one_candidate(file: Path) -> None:
    parameters = yaml.safe_load(file.read_text())
    candidates = parameters["data_science"]["candidates"]
    parameters["data_science"]["candidates"] = {KEPT: candidates[KEPT]}
    file.write_text(yaml.safe_dump(parameters, sort_keys=False))


def add_versions(uri: str) -> None:
    """Register the version in Production twice more."""
    client = MlflowClient(uri)
    first = client.get_model_version("iris", "1")
    files = client.get_model_version_download_uri("iris", "1")
    for _ in range(2):
        client.create_model_version("iris", files, first.run_id, tags=first.tags)


# --- What the commands do ------------------------------------------------------------

Check = Callable[[Clone, str], None]


class NotRun(NamedTuple):
    """A command that is not run here, and why."""

    reason: str

    def __call__(self, clone: Clone, command: str) -> None:
        """Check that make knows the target at least."""
        program, *arguments = shlex.split(command)
        if program == "make":
            result = clone.run(f"make --dry-run {' '.join(arguments)}")
            assert result.returncode == 0, result.stdout


def prints(text: str, **environment: str) -> Check:
    """Return a check that a command ends well and prints a text."""

    def check(clone: Clone, command: str) -> None:
        result = clone.run(command, **environment)

        assert result.returncode == 0, result.stdout
        assert text in result.stdout

    return check


def prints_when_activated(text: str, **environment: str) -> Check:
    """Return the same check for what follows `source .venv/bin/activate`."""

    def check(clone: Clone, command: str) -> None:
        prints(text, **environment)(clone, f"source .venv/bin/activate && {command}")

    return check


def serves(path: str, options: str) -> Check:
    """Return a check that a command opens pages on a port of this machine."""

    def check(clone: Clone, command: str) -> None:
        port = find_port()
        url = f"http://127.0.0.1:{port}{path}"
        arguments = options.format(port=port)
        with clone.start(command, url, ARGS=arguments) as opened:
            assert requests.get(opened, timeout=10).ok

    return check


def clones(clone: Clone, command: str) -> None:
    assert command == COMMANDS[0]
    assert (clone.path / ".git").is_dir()


def prints_the_result(clone: Clone, command: str) -> None:
    def mask(text: str) -> list[str]:
        return [re.sub(r"\d", "0", line.rstrip()) for line in text.splitlines()]

    result = mask(RESULT)
    assert mask(clone.first_run.stdout)[-len(result) :] == result


def trains_one_candidate(clone: Clone, command: str) -> None:
    prints_when_activated("2 of 2")(clone, command.replace("random_forest", KEPT))


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


def refuses_as_printed(clone: Clone, command: str) -> None:
    printed = json.loads(REFUSAL)
    result = clone.run(command.replace("127.0.0.1:8000", clone.service))

    assert json.loads(result.stdout) | {"request_id": ""} == printed | {
        "request_id": ""
    }


def stops_the_service(clone: Clone, command: str) -> None:
    address = f"127.0.0.1:{find_port()}"
    ask = f"curl -s --retry 60 --retry-connrefused http://{address}/health/live"
    # With job control, as on a terminal.
    script = f"set -m; make serve & {ask} --retry-delay 1; {command}; wait"
    result = clone.run(script, IRIS_BIND=address)

    assert '{"status":"live"}' in result.stdout
    host, _, port = address.partition(":")
    socket.create_server((host, int(port))).close()


def trains_on_a_file(clone: Clone, command: str) -> None:
    rows = (clone.path / "data/01_raw/iris/raw.csv").read_text()
    another = "5.05,3.45,1.45,0.25,setosa\n"  # or there would be nothing to train
    (clone.path / "flowers.csv").write_text(rows + another)
    prints_when_activated("Fetched flowers.csv")(clone, command)


def proposes_a_specification(clone: Clone, command: str) -> None:
    table = passengers.write(passengers.draw(600))
    (clone.path / "passengers.csv").write_bytes(table)
    prints_when_activated("kedro run --env passengers")(clone, command)


def serves_the_own_table(clone: Clone, command: str) -> None:
    address = f"127.0.0.1:{find_port()}"
    url = f"http://{address}/health/ready"
    with clone.start(command, url, IRIS_BIND=address):
        answer = clone.run(f"curl -s http://{address}/model")

    assert json.loads(answer.stdout)["contract"]["name"] == "passengers"


def begins_another_command(clone: Clone, command: str) -> None:
    assert any(other.startswith(f"{command} ") for other in CHECKS)


def runs_on_another_store(clone: Clone, command: str) -> None:
    # A copy, because MLflow takes long to create the tables of a new one.
    shutil.copy(clone.path / "mlflow.db", clone.path / "shared.db")
    check = prints_when_activated("Gate  ", MLFLOW_TRACKING_URI="sqlite:///shared.db")
    check(clone, command)


def writes(file: str) -> Check:
    """Return a check that a command writes a file."""

    def check(clone: Clone, command: str) -> None:
        result = clone.run(command)

        assert result.returncode == 0, result.stdout
        assert (clone.path / file).is_file()

    return check


def renders_notebooks(clone: Clone, command: str) -> None:
    # One is enough: test_notebooks runs each of them.
    for notebook in sorted(clone.path.glob("notebooks/*.ipynb"))[1:]:
        notebook.unlink()
    writes("build/notebooks/01_explore_data.html")(clone, command)


CHECKS: dict[str, Check] = {
    "git clone <this repository> iris-kedro && cd iris-kedro": clones,
    "make run": prints_the_result,
    "make serve &": starts_the_service,
    PREDICT: answers_as_printed,
    "make ui": serves("/", "--port {port}"),
    "make viz": serves("/", "--port {port} --no-browser"),
    "make notebook": serves(
        "/lab", "--ip 127.0.0.1 --port {port} --no-browser --allow-root"
    ),
    ".venv/bin/kedro model history": prints("Production is version 1"),
    "kill %1": stops_the_service,
    "source .venv/bin/activate": prints(""),
    "kedro run": prints_when_activated("Gate  "),
    "kedro run --pipelines data_engineering": prints_when_activated("4 of 4"),
    "kedro run --tags data_science": prints_when_activated("Candidates"),
    "kedro run --namespaces candidates.random_forest": trains_one_candidate,
    "kedro run --from-nodes select_best": prints_when_activated("Candidates"),
    "kedro run --params data_engineering.source=flowers.csv": trains_on_a_file,
    "kedro dataset init passengers.csv --target survived": proposes_a_specification,
    "kedro run --env passengers": prints_when_activated(
        "Production  version 1 of passengers"
    ),
    "make serve ENV=passengers": serves_the_own_table,
    "kedro run --params model_release.gate.minimum_accuracy=0.8": prints_when_activated(
        "Gate  "
    ),
    "kedro run --runner ThreadRunner": prints_when_activated("Gate  "),
    "kedro registry list": prints_when_activated("model_release"),
    "kedro catalog describe-datasets": prints_when_activated("ModelRegistryDataset"),
    "kedro model list": prints_when_activated("Production"),
    "kedro model history": prints_when_activated("Production is version"),
    "kedro model history --at 2026-11-01T12:00": prints_when_activated(
        " in Production at 2026-11-01 12:00:00 UTC"
    ),
    "kedro model promote 3": prints_when_activated("Production of iris is version 3"),
    "kedro model rollback": prints_when_activated("Production of iris is version"),
    "kedro model resume": prints_when_activated("no longer on hold"),
    "kedro model prune --keep 10": prints_when_activated("nothing to delete"),
    REFUSED: refuses_as_printed,
    "make image": NotRun("needs Docker or Podman: test-container"),
    "docker run -p 8000:8000 -v iris-models:/models"
    " -e MLFLOW_TRACKING_URI=http://mlflow.example:5000 iris-serving": NotRun(
        "needs Docker or Podman: test-container"
    ),
    "make stack": NotRun("needs Docker: tests/deploy run its services as processes"),
    "kedro model history --at": begins_another_command,
    "kedro run --env production": runs_on_another_store,
    "make notebooks-html": renders_notebooks,
    "make viz-build": writes("build/viz/index.html"),
    "make bench": NotRun("takes 15 minutes"),
    "make bench-peers": NotRun("takes longer still, and installs the peers"),
    "make bench-train": NotRun("takes minutes"),
    "make check-deploy": NotRun("needs programs that CI installs"),
    "make": prints("Train, compare, release"),
    "make check": NotRun("runs this test"),
}


def test_every_command_has_a_check():
    assert set(COMMANDS) == set(CHECKS)


@pytest.mark.slow
@pytest.mark.parametrize("command", [each for each in COMMANDS if each in CHECKS])
def test_command_works(clone, command):
    CHECKS[command](clone, command)


# --- The reading itself --------------------------------------------------------------


def test_commands_are_read_from_blocks_and_prose():
    text = """
    make serve &  # starts it
    curl -s http://host \\
      -d '{}'

```sh
# first this
source activate

kedro run    # everything
```

```text
make nothing
```

`make check` does it, and `kedro
run` again; `conf/base` is no command.
"""

    assert read_commands(text) == [
        "make serve &",
        "curl -s http://host -d '{}'",
        "source activate",
        "kedro run",
        "make check",
    ]
