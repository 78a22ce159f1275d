"""The project in the environment ``loop``: commands, folders and URLs."""

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
# Settings of the user's own service or project, which the story must not use.
FOREIGN = ("IRIS_", "KEDRO_", "MLFLOW_", "PROMETHEUS_MULTIPROC_DIR", "SOURCE_URL")


class CommandFailed(Exception):  # noqa: N818  (not an error of this program)
    """A command of the project failed; the message contains the end of its output."""


@dataclass(frozen=True)
class Project:
    """A project's folder."""

    folder: Path

    @property
    def build(self) -> Path:
        """The folder of the story, with its databases, model store and logs."""
        return self.folder / "build" / ENVIRONMENT

    @property
    def logs(self) -> Path:
        """The folder of the processes' logs."""
        return self.build / "logs"

    @property
    def tracking_uri(self) -> str:
        """Tracking URI of MLflow."""
        return f"sqlite:///{self.build}/mlflow.db"

    @property
    def database(self) -> str:
        """URL of the database of predictions."""
        return f"sqlite:///{self.build}/predictions.db"

    @property
    def reporting(self) -> Path:
        """The folder of the reports."""
        return self.folder / "data" / "08_reporting" / DATA

    @property
    def environ(self) -> dict[str, str]:
        """Environment variables of the processes."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(FOREIGN)
        }
        return kept | {
            "COLUMNS": str(shutil.get_terminal_size().columns),  # width of tables
            "IRIS_DATABASE_URL": self.database,
            "MLFLOW_TRACKING_URI": self.tracking_uri,
        }

    def clear(self) -> None:
        """Delete the files of an earlier story, and nothing else."""
        shutil.rmtree(self.build, ignore_errors=True)
        for folder in (self.folder / "data").glob(f"*/{DATA}"):
            shutil.rmtree(folder)
        self.logs.mkdir(parents=True)

    def run(self, log: str, *arguments: str) -> str:
        """Run a kedro command to its end and return its output.

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
        """Run a kedro command for the duration of the context."""
        command = [sys.executable, "-m", "kedro", *arguments, "--env", ENVIRONMENT]
        file = self.logs / f"{log}.log"
        with running(command, self.folder, self.environ, file) as process:
            yield process
