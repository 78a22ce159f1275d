"""A month of hourly rows, with or without a change, and the training rows before it."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

HOURS = 24 * 30
CHANGE = 24 * 10  # the first hour that differs
SEARCHED = 24 * 5  # hours after a change in which it may be detected
ROWS = 100  # per hour
BINS = 10

Floats = NDArray[np.float64]


class Month(NamedTuple):
    """Rows of one feature.

    Attributes:
        reference: Training rows, sorted, of shape (n_reference,).
        rows: Of shape (n_hours, 100), sorted within each hour.
    """

    reference: Floats
    rows: Floats

    def count(self) -> tuple[Floats, Floats]:
        """Count the rows in ten bins, whose edges are quantiles of the reference."""
        edges = np.quantile(self.reference, np.arange(1, BINS) / BINS)
        reference = np.bincount(np.searchsorted(edges, self.reference), minlength=BINS)
        bins = (
            np.searchsorted(edges, self.rows)
            + BINS * np.arange(len(self.rows))[:, None]
        )
        looks = np.bincount(bins.ravel(), minlength=BINS * len(self.rows))
        return reference.astype(float), looks.reshape(-1, BINS).astype(float)


def draw_rows(shift: float, generator: np.random.Generator) -> Floats:
    """Draw normal rows in their order, of shape (n_hours, 100).

    Args:
        shift: Of the mean after ten days, in standard deviations. A month without a
            change is complete; one with a change ends five days after it.
        generator: Source of randomness.
    """
    hours = CHANGE + SEARCHED if shift else HOURS
    rows = generator.normal(size=(hours, ROWS))
    rows[CHANGE:] += shift
    return rows


def draw_month(shift: float, reference: int, generator: np.random.Generator) -> Month:
    """Draw training rows and a month."""
    trained = generator.normal(size=reference)
    return Month(np.sort(trained), np.sort(draw_rows(shift, generator), axis=1))
