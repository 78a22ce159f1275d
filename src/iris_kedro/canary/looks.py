"""Looks: rows are counted by the hours of a trial."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Integer, cast

from iris_kedro.registry import Trial

Counts = NDArray[np.int64]

LOOK_SECONDS = 3600


def find_look(column: Any, trial: Trial) -> ColumnElement[int]:
    """Return the look of a time."""
    # PostgreSQL rounds where SQLite truncates, so looks may be offset by half an hour.
    return cast((column - trial.since.timestamp()) / LOOK_SECONDS, Integer)
