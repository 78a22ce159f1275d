"""What is counted of the rows of a part, and the sums of many parts."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Self

BinCounts = dict[str, list[int]]


@dataclass
class Counts:
    """What a part, or many, had.

    Attributes:
        rows: Rows that were read.
        scored: Rows that have a prediction.
        predictions: Rows of each predicted class.
        confidence: Sum of the probabilities of the predicted classes.
        rejected: Rejected rows by column and kind of problem, ``"age: too_high"``,
            or ``"unreadable row"``; a row with several problems counts for each.
        out_of_range: Rows with a value outside its range in training, by feature.
        features: Sampled rows in each bin of each feature (see ``scoring.bins``).
        answers: The same of the prediction and its confidence.
    """

    rows: int = 0
    scored: int = 0
    predictions: Counter[str] = field(default_factory=Counter)
    confidence: float = 0.0
    rejected: Counter[str] = field(default_factory=Counter)
    out_of_range: Counter[str] = field(default_factory=Counter)
    features: BinCounts = field(default_factory=dict)
    answers: BinCounts = field(default_factory=dict)

    @classmethod
    def add_up(cls, counts: "Iterable[Counts]") -> Self:
        """Return the sums."""
        total = cls()
        for each in counts:
            total.rows += each.rows
            total.scored += each.scored
            total.confidence += each.confidence
            total.predictions.update(each.predictions)
            total.rejected.update(each.rejected)
            total.out_of_range.update(+each.out_of_range)
            _add(total.features, each.features)
            _add(total.answers, each.answers)
        return total

    def to_json(self) -> dict[str, Any]:
        """Return the counts as JSON has them."""
        return dict(vars(self))

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """Return the counts that ``to_json`` returned."""
        counters = ("predictions", "rejected", "out_of_range")
        return cls(**{**values, **{name: Counter(values[name]) for name in counters}})


def _add(sums: BinCounts, bins: BinCounts) -> None:
    for name, counts in bins.items():
        before = sums.get(name, [0] * len(counts))
        sums[name] = [a + b for a, b in zip(before, counts, strict=True)]
