"""Counts predictions by time window, in constant memory."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from iris_kedro.evidence.overconfidence import STAKES, bet
from iris_kedro.model.binning import CONFIDENCE_DIGITS
from iris_kedro.monitoring.bins import Bins, NumberBins, TextBins
from iris_kedro.monitoring.parsing import find_absent, parse
from iris_kedro.monitoring.served import Chunk

# Sums of each window, in addition to the bins: rows and their confidence; labelled
# rows, correct ones among them, and their confidence.
SUMS = ("rows", "confidence", "labelled", "correct", "labelled_confidence")


@dataclass(frozen=True)
class Counts:
    """The counts of each window, oldest first, without windows that have no rows.

    Attributes:
        windows: Index of each window: its start is the index times the length.
        sums: By name (see ``SUMS``), of shape (n_windows,).
        bins: Counts by variable, of shape (n_windows, n_bins).
        bets: Sums of ``evidence.overconfidence.bet``, of shape (n_windows, n_stakes).
        absent: Number of rows in which a feature is not stored, by name.
        last: Time of the last row, in seconds since the epoch; None without rows.
    """

    windows: NDArray[np.int64]
    sums: dict[str, NDArray[np.float64]]
    bins: dict[str, NDArray[np.int64]]
    bets: NDArray[np.float64]
    absent: dict[str, int]
    last: float | None


class Counter:
    """Counts chunks of predictions in memory that does not depend on their number.

    Args:
        features: Bins of the features.
        classes: Bins of the predicted classes.
        confidence: Bins of the confidence.
        seconds: Length of a window.
        margin: Accepted gap between confidence and accuracy.
    """

    def __init__(
        self,
        features: list[Bins],
        classes: TextBins,
        confidence: NumberBins,
        seconds: float,
        margin: float,
    ) -> None:
        self._features = features
        self._classes = classes
        self._confidence = confidence
        self._seconds = seconds
        self._margin = margin
        self._widths = [
            len(SUMS),
            len(STAKES),
            *(len(each.names) for each in [*features, classes, confidence]),
        ]
        self._totals: dict[int, NDArray[np.float64]] = {}
        self._absent = dict.fromkeys((each.name for each in features), 0)
        self._last: float | None = None

    def add(self, chunk: Chunk) -> None:
        """Count the rows of a chunk."""
        times = np.asarray(chunk.times, np.float64)
        numbers = np.floor(times / self._seconds).astype(np.int64)
        windows, window = np.unique(numbers, return_inverse=True)
        added = np.concatenate(self._count(chunk, window, len(windows)), axis=1)
        for number, row in zip(windows.tolist(), added, strict=True):
            self._totals[number] = self._totals.get(number, 0) + row
        latest = float(times.max())
        self._last = latest if self._last is None else max(self._last, latest)

    def result(self) -> Counts:
        """Return the counts."""
        windows = sorted(self._totals)
        table = np.zeros((len(windows), sum(self._widths)))
        for place, number in enumerate(windows):
            table[place] = self._totals[number]
        sums, bets, *bins = np.split(table, np.cumsum(self._widths)[:-1], axis=1)
        names = [each.name for each in [*self._features, self._classes]]
        return Counts(
            windows=np.array(windows, np.int64),
            sums=dict(zip(SUMS, sums.T, strict=True)),
            bins={
                name: counts.astype(np.int64)
                for name, counts in zip(
                    [*names, self._confidence.name], bins, strict=True
                )
            },
            bets=bets,
            absent=self._absent,
            last=self._last,
        )

    def _count(
        self, chunk: Chunk, window: NDArray[np.intp], windows: int
    ) -> list[NDArray[np.float64]]:
        predictions = pa.array(chunk.predictions, pa.string())
        confidences = self._find_confidences(chunk, self._classes.index(predictions))
        rounded = pa.array(np.round(confidences, CONFIDENCE_DIGITS))
        answers = [
            _count_bins(
                self._classes.find(predictions), self._classes, window, windows
            ),
            _count_bins(
                self._confidence.find(rounded), self._confidence, window, windows
            ),
        ]
        labels = pa.array(chunk.labels, pa.string())
        labelled = np.asarray(labels.is_valid())
        correct = np.asarray(pa.compute.equal(labels, predictions).fill_null(False))
        columns = [np.ones(len(window)), confidences]
        columns += [labelled, correct, np.where(labelled, confidences, 0)]
        bets = np.zeros((len(window), len(STAKES)))
        bets[labelled] = bet(confidences[labelled], correct[labelled], self._margin)
        return [
            _add_up(columns, window, windows),
            _add_up(list(bets.T), window, windows),
            *self._count_features(chunk, window, windows),
            *answers,
        ]

    def _count_features(
        self, chunk: Chunk, window: NDArray[np.intp], windows: int
    ) -> Iterable[NDArray[np.float64]]:
        texts = pa.array(chunk.features, pa.string())
        table = parse(texts, {each.name: each.type for each in self._features})
        for each in self._features:
            values = table[each.name]
            place = each.find(values)
            absent = find_absent(texts, values, each.name)
            self._absent[each.name] += int(absent.sum())
            yield _count_bins(np.where(absent, -1, place), each, window, windows)

    def _find_confidences(
        self, chunk: Chunk, predicted: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        texts = pa.array(chunk.probabilities, pa.string())
        names = self._classes.known
        table = parse(texts, dict.fromkeys(names, pa.float64()))
        columns = [table[name].to_numpy(zero_copy_only=False) for name in names]
        found = np.column_stack(columns)[np.arange(len(predicted)), predicted]
        confidences: NDArray[np.float64] = np.nan_to_num(found)
        return confidences


def _add_up(
    columns: list[NDArray[Any]], window: NDArray[np.intp], windows: int
) -> NDArray[np.float64]:
    sums = [np.bincount(window, each, minlength=windows) for each in columns]
    return np.column_stack(sums)


def _count_bins(
    place: NDArray[np.intp], bins: Bins, window: NDArray[np.intp], windows: int
) -> NDArray[np.float64]:
    width = len(bins.names)
    counted = place >= 0
    cells = np.bincount(
        window[counted] * width + place[counted], minlength=windows * width
    )
    return cells.reshape(windows, width).astype(np.float64)
