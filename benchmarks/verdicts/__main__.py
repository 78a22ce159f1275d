"""Simulates the false alarms and delays of monitoring.

    python -m benchmarks.verdicts [--quiet 200] [--rounds 50] [--short]

The nodes of the monitoring pipeline process the rows of simulated services, with the
parameters of conf/base.
"""

import argparse
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from functools import partial
from typing import NamedTuple

import numpy as np

from benchmarks.verdicts.service import HOUR, Service, report

SEED = 14
MONTH = 30 * 24
TRAINING_ROWS = (50, 105, 500, 5_000)
SHIFTS = (0.5, 1.0, 1.5)
QUIET = (0, 200)  # checks before the change
RATES = (100, 10)
SEARCHED = 72  # checks after the change
# Training rows, features and rows per hour.
SERVICES = ((50, 4, 10), (105, 4, 10), (105, 30, 10), (5_000, 4, 100), (5_000, 30, 10))


class Alarms(NamedTuple):
    """The report on a service after a month without a change."""

    shown: bool
    verdict: str


def main(arguments: list[str] | None = None) -> None:
    """Simulate and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quiet", type=int, default=200, help="services, no change")
    parser.add_argument("--rounds", type=int, default=50, help="services with a change")
    parser.add_argument("--short", action="store_true", help="a few small services")
    options = parser.parse_args(arguments)
    with ProcessPoolExecutor() as pool:
        if options.short:
            print(render_alarms([SERVICES[0]], 2, pool.map))
            print(render_delays([105], [0], [100], 2, pool.map))
            return
        print(render_alarms(SERVICES, options.quiet, pool.map), end="\n\n")
        print(render_delays(TRAINING_ROWS, QUIET, RATES, options.rounds, pool.map))


def raise_alarms(training_rows: int, features: int, rate: int, number: int) -> Alarms:
    """Return the alarms of one service in a quiet month."""
    service = Service(training_rows, features, rate, quiet=MONTH, hours=MONTH)
    found = report(service, [SEED, *service[:3], number])
    answers = [*found["features"].values(), found["predictions"], found["confidence"]]
    accuracy = found["accuracy"]
    times = [each["shown_at"] for each in answers]
    times += [accuracy["worse_at"], accuracy["gap_at"]]
    return Alarms(any(times), found["verdict"])


def find_delay(service: Service, number: int) -> float:
    """Return the hours from the change to its detection, infinite if never."""
    seed = [SEED, *service[:5], round(service.shift * 100), number]
    shown_at = report(service, seed)["features"]["0"]["shown_at"]
    if shown_at is None:
        return np.inf
    hours = datetime.fromisoformat(shown_at).timestamp() / HOUR
    return hours - service.quiet


def render_alarms(
    services: Iterable[tuple[int, int, int]],
    rounds: int,
    run: Callable[..., Iterable[Alarms]],
) -> str:
    """Render how often quiet services are reported, as a table in Markdown."""
    lines = [
        "| training rows | features | rows an hour | any change shown | not quiet |",
        "| ---: | ---: | ---: | ---: | ---: |",
    ]
    for service in services:
        found = list(run(partial(raise_alarms, *service), range(rounds)))
        shown = sum(each.shown for each in found)
        loud = sum(each.verdict != "quiet" for each in found)
        cells = " | ".join(f"{each:,}" for each in service)
        lines.append(f"| {cells} | {shown} of {rounds} | {loud} of {rounds} |")
    return "\n".join(lines)


def render_delays(
    training_rows: Iterable[int],
    quiet: Iterable[int],
    rates: Iterable[int],
    rounds: int,
    run: Callable[..., Iterable[float]],
) -> str:
    """Render the delays of detection as a table in Markdown."""
    titles = " | ".join(f"shift {shift}" for shift in SHIFTS)
    lines = [
        f"| training rows | quiet looks | rows a look | {titles} |",
        f"| ---: | ---: | ---: |{' ---: |' * len(SHIFTS)}",
    ]
    for before in quiet:
        for rate in rates:
            for rows in training_rows:
                service = Service(rows, 4, rate, before, before + SEARCHED)
                changed = [service._replace(shift=shift) for shift in SHIFTS]
                cells = [
                    _render(list(run(partial(find_delay, each), range(rounds))))
                    for each in changed
                ]
                lines.append(f"| {rows:,} | {before} | {rate} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _render(delays: list[float]) -> str:
    share = np.isfinite(delays).mean()
    median = np.quantile(delays, 0.5, method="higher")
    return f"{share:.0%}" + (f", {median:.0f} h" if np.isfinite(median) else "")


if __name__ == "__main__":
    main()
