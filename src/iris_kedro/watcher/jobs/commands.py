"""The kedro commands that the watcher starts."""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from iris_kedro.hooks.tracking import DECISION_VARIABLE
from iris_kedro.specification import Watcher as Parameters

from .job import Job, prune_logs

LABELS = "data_engineering.labelled_rows.enabled"


@dataclass(frozen=True)
class Commands:
    """Starts jobs."""

    folder: Path
    logs: Path
    kedro: Sequence[str] = (sys.executable, "-m", "kedro")
    env: str | None = None
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))

    def start_monitoring(self) -> Job:
        """Start the monitoring pipeline, which waits for ``begin``."""
        return self._start("monitoring", "--pipelines", "monitoring")

    def start_run(self, decision: str, parameters: Parameters) -> Job:
        """Start a training run, which waits for ``begin``."""
        params = dict(parameters.params)
        if parameters.triggers.labels is not None:
            params[LABELS] = True
        texts = [f"{name}={_write(value)}" for name, value in params.items()]
        arguments = ["--params", ",".join(texts)] if texts else []
        return self._start(
            f"run-{decision}", *arguments, **{DECISION_VARIABLE: decision}
        )

    def _start(self, name: str, *arguments: str, **environ: str) -> Job:
        prune_logs(self.logs)
        where = ["--env", self.env] if self.env else []
        return Job(
            [*self.kedro, "run", *where, *arguments],
            self.folder,
            self.logs / f"{name}.log",
            {**self.environ, **environ},
        )


def _write(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
