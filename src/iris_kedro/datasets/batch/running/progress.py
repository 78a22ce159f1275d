"""Shows the progress of scoring: a bar on a terminal, or lines in a log."""

import logging
import time
from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from iris_kedro.scoring.counts import Counts
from iris_kedro.scoring.rows import Part

logger = logging.getLogger(__name__)

LOG_SECONDS = 10.0
MILLION = 1_000_000


def show_progress(
    results: Iterator[Counts], pending: Sequence[Part], total: int
) -> None:
    """Consume the results of parts and show rows, rows per second and the time left."""
    console = Console(stderr=True)
    rows, expected = 0, sum(each.rows for each in pending)
    done = total - len(pending)
    began = logged = time.monotonic()
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("rows, {task.fields[rate]}"),
        TimeRemainingColumn(elapsed_when_finished=True),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as progress:
        task = progress.add_task("Scoring", total=expected, rate="")
        for counts in results:
            rows, done = rows + counts.rows, done + 1
            now = time.monotonic()
            rate = rows / max(now - began, 1e-9)
            progress.update(task, completed=rows, rate=_show_rate(rate))
            if now - logged >= LOG_SECONDS and progress.disable:
                logged = now
                logger.info(
                    "%d of %d parts, %s rows, %s, %.0f s left",
                    done,
                    total,
                    f"{rows:,}",
                    _show_rate(rate),
                    (expected - rows) / rate,
                )
    seconds = time.monotonic() - began
    logger.info(
        "Scored %s rows in %.1f s, %s",
        f"{rows:,}",
        seconds,
        _show_rate(rows / max(seconds, 1e-9)),
    )


def _show_rate(rate: float) -> str:
    if rate >= MILLION:
        return f"{rate / MILLION:.1f} million rows/s"
    return f"{rate:,.0f} rows/s"
