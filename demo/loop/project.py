"""The project in the environment ``loop``: its commands, folders and records."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from demo.loop.processes import read_end, running

ENVIRONMENT = "loop"
MODEL = "iris"
DATA = f"{MODEL}@{ENVIRONMENT}"
# Set for a service or project of the user's own; the story has its own of everything.
FOREIGN = ("IRIS_", "KEDRO_", "MLFLOW_", "PROMETHEUS_MULTIPROC_DIR", "SOURCE_URL")


class CommandFailed(Exception):  # noqa: N818  (it is no mistake of this program)
    """A command of the project has failed; says which, and what it has written."""


@dataclass(frozen=True)
class Project:
    """A project's folder.

    Attributes:
        folder: Where ``pyproject.toml`` and ``conf`` are.
    """

    folder: Path

    @property
    def build(self) -> Path:
        """The folder of the story, with its databases, model store and logs."""
        return self.folder / "build" / ENVIRONMENT

    @property
    def logs(self) -> Path:
        """The folder of what its processes write."""
        return self.build / "logs"

    @property
    def tracking_uri(self) -> str:
        """Address of its MLflow."""
        return f"sqlite:///{self.build}/mlflow.db"

    @property
    def database(self) -> str:
        """Address of its database of predictions."""
        return f"sqlite:///{self.build}/predictions.db"

    @property
    def reporting(self) -> Path:
        """The folder of its reports."""
        return self.folder / "data" / "08_reporting" / DATA

    @property
    def environ(self) -> dict[str, str]:
        """Environment variables of its processes."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(FOREIGN)
        }
        return kept | {
            "COLUMNS": str(shutil.get_terminal_size().columns),  # of tables in logs
            "IRIS_DATABASE_URL": self.database,
            "MLFLOW_TRACKING_URI": self.tracking_uri,
        }

    def clear(self) -> None:
        """Delete what an earlier story has left, and nothing else."""
        shutil.rmtree(self.build, ignore_errors=True)
        for folder in (self.folder / "data").glob(f"*/{DATA}"):
            shutil.rmtree(folder)
        self.logs.mkdir(parents=True)

    def run(self, log: str, *arguments: str) -> str:
        """Run a command of kedro to its end and return what it has written.

        Raises:
            CommandFailed: If its exit code is not 0.
        """
        with self.start(log, *arguments) as process:
            code = process.wait()
        file = self.logs / f"{log}.log"
        if code != 0:
            command = " ".join(["kedro", *arguments])
            raise CommandFailed(
                f"{command} ended with exit code {code}:\n{read_end(file)}"
            )
        return file.read_text(encoding="utf-8")

    @contextmanager
    def start(self, log: str, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        """Run a command of kedro as long as it is needed."""
        command = [sys.executable, "-m", "kedro", *arguments, "--env", ENVIRONMENT]
        file = self.logs / f"{log}.log"
        with running(command, self.folder, self.environ, file) as process:
            yield process
