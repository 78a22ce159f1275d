"""Reads the report of the monitoring pipeline."""

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from iris_kedro.errors import ProjectError


class Report(BaseModel):
    """The parts of ``monitoring.json`` that the watcher uses."""

    model_config = ConfigDict(frozen=True)

    version: str
    verdict: str
    reasons: list[str]
    content: dict[str, Any]


def read_report(file: Path) -> Report | None:
    """Read the last report; None if there is none yet.

    Raises:
        ProjectError: If the file is not a report.
    """
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        return Report.model_validate({**content, "content": content})
    except FileNotFoundError:
        return None
    except (TypeError, ValueError, ValidationError) as error:
        raise ProjectError(
            f"{file} is not a report of the monitoring pipeline: {error}. Write it"
            " again with kedro run --pipelines monitoring"
        ) from error
