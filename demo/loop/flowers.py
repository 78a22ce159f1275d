"""Random flowers, distributed like scikit-learn's iris or larger."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_iris

FEATURES = ("sepal_length", "sepal_width", "petal_length", "petal_width")
LOWEST, HIGHEST = 0.1, 20.0  # bounds of the specification, in cm
ORIGINAL, LARGE = 1.0, 1.8  # scales


class Flowers(NamedTuple):
    """Measured flowers.

    Attributes:
        measurements: In cm, in the order of ``FEATURES``, of shape (n_flowers, 4).
        species: The correct class of each flower.
    """

    measurements: NDArray[np.float64]
    species: list[str]


class FlowerSampler:
    """Samples from a normal distribution per species, fitted to iris."""

    def __init__(self, seed: int) -> None:
        iris = load_iris()
        self._random = np.random.default_rng(seed)
        self._names: list[str] = iris.target_names.tolist()
        self._fitted = [
            (rows.mean(axis=0), np.cov(rows.T))
            for rows in (iris.data[iris.target == each] for each in range(3))
        ]

    def sample(self, count: int, scale: float = ORIGINAL) -> Flowers:
        """Sample flowers; all species are equally likely.

        Args:
            count: Number of flowers.
            scale: Factor of all measurements. The species keep their proportions, so
                the same measurements can mean another species.
        """
        kinds = self._random.integers(0, len(self._names), count)
        drawn = np.array(
            [self._random.multivariate_normal(*self._fitted[kind]) for kind in kinds]
        )
        clipped = np.clip(drawn * scale, LOWEST, HIGHEST)
        measurements = np.asarray(np.round(clipped, 1), np.float64)
        return Flowers(measurements, [self._names[kind] for kind in kinds])

    def shuffle_labels(self) -> str:
        """Return iris as CSV with its labels in random order."""
        iris = load_iris()
        names = self._random.permutation(iris.target_names[iris.target])
        lines = [
            ",".join([*map(str, row), name])
            for row, name in zip(iris.data.tolist(), names, strict=True)
        ]
        return "\n".join([",".join([*FEATURES, "species"]), *lines, ""])
