"""Drift detectors, which return the hours of a month with an alarm."""

import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import kstwo

from benchmarks.evidence.streams import ROWS, Floats, Month
from benchmarks.project import ensure_environment
from iris_kedro.evidence import compare_counts, is_shown

HERE = Path(__file__).parent
ALPHA = 0.01
MODERATE, LARGE = 0.1, 0.25  # the usual thresholds of PSI
LEVEL = 0.05  # significance level of each hourly test

Alarms = dict[str, NDArray[np.bool_]]


def raise_alarms(month: Month) -> Alarms:
    """Return the hours with an alarm, by detector, each of shape (n_hours,)."""
    reference, looks = month.count()
    psi = compute_psi(reference, looks)
    return {
        "evidence": is_shown(compare_counts(reference, looks), ALPHA),
        "PSI > 0.1": psi > MODERATE,
        "PSI > 0.25": psi > LARGE,
        "Kolmogorov-Smirnov": is_below_level(month),
    }


def compute_psi(reference: Floats, looks: Floats) -> Floats:
    """Return the PSI of each look, with half a row added to each bin."""
    expected = (reference + 0.5) / (reference + 0.5).sum()
    actual = (looks + 0.5) / (looks + 0.5).sum(axis=1, keepdims=True)
    return np.asarray(((actual - expected) * np.log(actual / expected)).sum(axis=1))


def is_below_level(month: Month) -> NDArray[np.bool_]:
    """Return whether the Kolmogorov-Smirnov p-value of each hour is below 5 %."""
    return compute_distances(month) > kstwo.isf(LEVEL, _count_effective_rows(month))


def compute_p_values(month: Month) -> Floats:
    """Return the asymptotic Kolmogorov-Smirnov p-value of each hour; this is slow."""
    return np.asarray(kstwo.sf(compute_distances(month), _count_effective_rows(month)))


def compute_distances(month: Month) -> Floats:
    """Return the greatest distance of the distribution functions in each hour."""
    below = np.searchsorted(month.reference, month.rows) / len(month.reference)
    steps = np.arange(ROWS + 1) / ROWS
    return np.asarray(np.maximum(steps[1:] - below, below - steps[:-1]).max(axis=1))


def _count_effective_rows(month: Month) -> int:
    size = len(month.reference)
    return round(size * ROWS / (size + ROWS))


def run_adwin(months: list[Floats]) -> list[NDArray[np.bool_]]:
    """Return the hours in which river's ADWIN reports a change, for each month."""
    environment = ensure_environment("evidence", HERE / "requirements.txt")
    with tempfile.NamedTemporaryFile(suffix=".npy") as file:
        np.save(file, np.stack([rows.ravel() for rows in months]))
        file.flush()
        answer = subprocess.run(
            [environment / "bin/python", HERE / "adwin.py", file.name],
            capture_output=True,
            check=True,
        )
    alarms = []
    for rows, found in zip(months, json.loads(answer.stdout), strict=True):
        hours = np.zeros(len(rows), dtype=bool)
        hours[np.array(found, dtype=int) // ROWS] = True
        alarms.append(hours)
    return alarms
