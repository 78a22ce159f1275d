"""What the monitoring pipeline has found."""

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from iris_kedro.errors import ProjectError


class Report(BaseModel):
    """What the watcher reads of ``monitoring.json``; there is more in it."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    model: str
    version: str
    as_of: str
    verdict: str
    rows: int = 0
    reasons: list[str] = []
    features: dict[str, dict[str, Any]] = {}
    accuracy: dict[str, Any] = {}


def read_report(file: Path) -> Report | None:
    """Read the last report; none if there is none yet.

    Raises:
        ProjectError: If the file is something else.
    """
    try:
        return Report.model_validate(json.loads(file.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (ValueError, ValidationError) as error:
        raise ProjectError(
            f"{file} is not a report of the monitoring pipeline: {error}. Write it"
            " again with kedro run --pipelines monitoring"
        ) from error
