"""Measured runs, and the figures derived from them."""

from collections import defaultdict
from dataclasses import dataclass, field
from statistics import median

from benchmarks.scale.measuring import Run

# The runs of a model by contender and number of rows, one per round.
Runs = dict[str, dict[int, list[Run]]]
STEADY = 10_000_000  # maximum number of rows to compute the rate from
SHORTEST = 1e-3  # seconds: on a busy machine, more rows may even take less time


@dataclass
class Results:
    """The runs of a model."""

    runs: Runs = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))

    def add(self, contender: str, rows: int, run: Run) -> None:
        """Add a run."""
        self.runs[contender][rows].append(run)

    def has(self, contender: str) -> bool:
        """Return whether a contender was measured."""
        return contender in self.runs

    def rates(self, contender: str) -> list[float]:
        """Return the rows per second of each round, without the start.

        From the difference of two numbers of rows, because starting and ending a run,
        such as importing MLflow or starting Java, takes the same time for both.
        """
        rows, pairs = self._pair(contender)
        return [
            rows / max(large.seconds - small.seconds, SHORTEST)
            for small, large in pairs
        ]

    def rate(self, contender: str) -> float:
        """Return the median of the rates."""
        return median(self.rates(contender))

    def cpu(self, contender: str) -> float:
        """Return the CPU time per row in seconds, without the start."""
        rows, pairs = self._pair(contender)
        return median(max(large.cpu - small.cpu, 0) for small, large in pairs) / rows

    def ratio(self, contender: str, other: str) -> float:
        """Return the ratio of two contenders' rates, the median of the rounds."""
        pairs = zip(self.rates(contender), self.rates(other), strict=True)
        return median(a / b for a, b in pairs)

    def seconds(self, contender: str, rows: int) -> float | None:
        """Return the median time of the whole process."""
        found = self.runs[contender].get(rows)
        return median(each.seconds for each in found) if found else None

    def memory(self, contender: str) -> int:
        """Return the highest peak of all runs, in bytes."""
        found = self.runs[contender].values()
        return max(each.memory for runs in found for each in runs)

    def written(self, contender: str) -> float:
        """Return the bytes written per row."""
        rows = max(self.runs[contender])
        return self.runs[contender][rows][0].written / rows

    def _pair(self, contender: str) -> tuple[int, list[tuple[Run, Run]]]:
        """Return the difference of two numbers of rows, and their runs by round."""
        by_rows = self.runs[contender]
        few, *_, many = sorted(each for each in by_rows if each <= STEADY)
        return many - few, list(zip(by_rows[few], by_rows[many], strict=True))
