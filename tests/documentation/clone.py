"""Clones of the project, and the commands that documentation has for them."""

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
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import requests
import yaml
from click.testing import Result

from tests.fixtures.completed_runs import CompletedRun
from tests.fixtures.processes import wait_until
from tests.fixtures.projects import Project

ROOT = Path(__file__).parents[2]
KEPT = "logistic_regression"  # the one candidate of some clones
BARE_PATH = "/usr/bin:/bin"


def read_commands(text: str) -> list[str]:
    """Return the commands in the blocks of a Markdown text."""
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    shell = re.sub(r"(^| +)# .*", "", "".join(blocks), flags=re.MULTILINE)
    lines = shell.replace("\\\n", " ").splitlines()
    commands = (" ".join(line.split()) for line in lines)
    return list(dict.fromkeys(filter(None, commands)))


class Clone:
    """A clone of the project with the environment of the tests, as make installs it."""

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

    def invoke(self, command: str, **environment: str) -> Result:
        """Run a kedro command in this process, which has imported what it needs."""
        program, *arguments = shlex.split(command)
        assert program == "kedro"
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(self.path)
            for name, value in environment.items():
                patch.setenv(name, value)
            return Project(self.path).invoke_kedro(*arguments)

    def take_over(self, run: CompletedRun) -> None:
        """Bring in what a run left elsewhere, as if it had been run here."""
        assert run.exit_code == 0, run.output
        for name in ("conf", "data", "mlruns"):
            source = run.project.path / name
            shutil.copytree(source, self.path / name, dirs_exist_ok=True)
        shutil.copy(run.project.path / "mlflow.db", self.path)

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
            wait_until(
                lambda: answers(url) or process.poll() is not None, f"{url} answers"
            )
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


CLONE = "git clone <this repository> iris-kedro && cd iris-kedro"


class Reader:
    """Somebody who follows a page, and keeps its service running."""

    prediction_id = ""

    def __init__(self, clone: Clone) -> None:
        self.clone = clone
        self.address = f"127.0.0.1:{find_port()}"
        self.servers = ExitStack()

    def ask(self, command: str) -> Any:
        """Send a request of the page to the service; return its JSON."""
        command = command.replace("127.0.0.1:8000", self.address)
        return json.loads(self.clone.run(command).stdout)

    def start_service(self, command: str) -> None:
        """Start the service of the page; wait until it has a model."""
        url = f"http://{self.address}/health/ready"
        started = self.clone.start(command, url, IRIS_BIND=self.address)
        self.servers.enter_context(started)


def make_clone(
    requires: Callable[[str], None], folder: Path, command: str = CLONE
) -> Clone:
    """Clone the project as it is now, with the environment of the tests."""
    for program in ("curl", "git", "make"):
        requires(program)
    clone = Clone(folder)
    source = shlex.quote(str(ROOT))
    clone.run(command.replace("<this repository>", source)).check_returncode()
    copy_changes(clone.path)
    link_environment(clone.path / ".venv")
    return clone


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


def keep_one_candidate(clone: Path) -> None:
    """Leave one fast candidate, to save time."""
    file = clone / "conf/base/parameters_data_science.yml"
    parameters = yaml.safe_load(file.read_text())
    candidates = parameters["data_science"]["candidates"]
    parameters["data_science"]["candidates"] = {KEPT: candidates[KEPT]}
    file.write_text(yaml.safe_dump(parameters, sort_keys=False))


Check = Callable[[Clone, str], None]


class NotRun(NamedTuple):
    """A command that another test runs, by its file."""

    test: str


def select_run(commands: list[str], checks: Mapping[str, object]) -> list[str]:
    """Return the commands that have a check, and not only a test elsewhere."""
    return [
        each
        for each in commands
        if not isinstance(checks.get(each, NotRun("")), NotRun)
    ]


def find_missing_tests(checks: Mapping[str, object]) -> list[str]:
    """Return the files that should test the other commands but do not exist."""
    files = [each.test for each in checks.values() if isinstance(each, NotRun)]
    return [file for file in files if not (ROOT / file).is_file()]


def prints(text: str, **environment: str) -> Check:
    """Return a check that a command ends well and prints a text."""

    def check(clone: Clone, command: str) -> None:
        result = clone.run(command, **environment)

        assert result.returncode == 0, result.stdout
        assert text in result.stdout

    return check


def prints_in_process(text: str, **environment: str) -> Check:
    """Return the same check for a kedro command, in this process."""

    def check(clone: Clone, command: str) -> None:
        result = clone.invoke(command, **environment)

        assert result.exit_code == 0, result.output
        assert text in result.output

    return check


def is_known_to_make(clone: Clone, command: str) -> None:
    """Check that make finds what to do, for a command that another test runs."""
    result = clone.run(f"{command} --dry-run")

    assert result.returncode == 0, result.stdout


def activates(clone: Clone, command: str) -> None:
    """Check that a command makes the clone's kedro the one that the shell finds."""
    result = clone.run(f"{command} && command -v kedro")

    # The script has the path of the environment that the clone shares.
    assert (clone.path / ".venv/bin/kedro").samefile(result.stdout.strip())


def serves(path: str, options: str) -> Check:
    """Return a check that a command opens pages on a port of this machine."""

    def check(clone: Clone, command: str) -> None:
        port = find_port()
        url = f"http://127.0.0.1:{port}{path}"
        arguments = options.format(port=port)
        with clone.start(command, url, ARGS=arguments) as opened:
            assert requests.get(opened, timeout=10).ok

    return check
