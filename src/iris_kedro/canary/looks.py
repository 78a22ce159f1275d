"""Looks: the hours of a trial, by which rows are counted."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Integer, cast

from iris_kedro.registry import Trial

Counts = NDArray[np.int64]

LOOK_SECONDS = 3600


def find_look(column: Any, trial: Trial) -> ColumnElement[int]:
    """Return in which look a time is."""
    # PostgreSQL rounds where SQLite truncates: looks may begin half an hour apart.
    return cast((column - trial.since.timestamp()) / LOOK_SECONDS, Integer)
