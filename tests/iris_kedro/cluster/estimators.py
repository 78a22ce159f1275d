"""Estimators that kill the worker that fits them; workers import this module."""

import os
import signal
from pathlib import Path

from sklearn.linear_model import LogisticRegression


class Deadly(LogisticRegression):
    """Kills its process when it is fitted, unless a file exists.

    ``times`` is how many processes it kills before it lets one live.
    """

    def __init__(self, folder="", times=1, C=1.0):  # noqa: N803
        super().__init__(C=C)
        self.folder = folder
        self.times = times

    def fit(self, X, y, sample_weight=None):
        for number in range(self.times):
            mark = Path(self.folder, f"killed{number}")
            if not mark.exists():
                mark.touch()
                os.kill(os.getpid(), signal.SIGKILL)
        return super().fit(X, y, sample_weight)
