"""Measures the false alarms of detectors in quiet months, and their delays."""

from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.evidence.detectors import Alarms, raise_alarms, run_adwin
from benchmarks.evidence.streams import CHANGE, draw_month, draw_rows

SEED = 14


class Quiet(NamedTuple):
    """Months without a change.

    Attributes:
        share: Share of months with a false alarm.
        alarms: Mean number of hours with an alarm in a month.
    """

    share: float
    alarms: float


class Found(NamedTuple):
    """Months with a change.

    Attributes:
        share: Share of changes that were detected within five days.
        median: Median hours from the change to the first alarm, infinite if never.
        late: 90th percentile of these hours.
    """

    share: float
    median: float
    late: float


def simulate(shift: float, reference: int, rounds: int) -> dict[str, Quiet | Found]:
    """Return the results of the detectors over a number of months, by name."""
    with ProcessPoolExecutor() as pool:
        results = pool.map(
            _run_once, repeat(shift), repeat(reference), range(rounds), chunksize=10
        )
        by_name = defaultdict(list)
        for alarms in results:
            for name, hours in alarms.items():
                by_name[name].append(hours)
    return {name: summarize(shift, months) for name, months in by_name.items()}


def simulate_adwin(shift: float, rounds: int) -> Quiet | Found:
    """Return the result of ADWIN, which needs no reference."""
    months = [draw_rows(shift, _seed(shift, 0, number)) for number in range(rounds)]
    return summarize(shift, run_adwin(months))


def summarize(shift: float, months: list[NDArray[np.bool_]]) -> Quiet | Found:
    """Summarize the hours with an alarm of several months."""
    alarms = np.stack(months)
    if not shift:
        return Quiet(float(alarms.any(1).mean()), float(alarms.sum(1).mean()))
    after = alarms[:, CHANGE:]
    delays = np.where(after.any(axis=1), after.argmax(axis=1) + 1.0, np.inf)
    median, late = np.quantile(delays, [0.5, 0.9], method="higher")
    return Found(float(np.isfinite(delays).mean()), float(median), float(late))


def _run_once(shift: float, reference: int, number: int) -> Alarms:
    return raise_alarms(draw_month(shift, reference, _seed(shift, reference, number)))


def _seed(shift: float, reference: int, number: int) -> np.random.Generator:
    return np.random.default_rng([SEED, round(100 * shift), reference, number])
