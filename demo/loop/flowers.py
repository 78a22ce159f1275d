"""Random flowers, as in scikit-learn's iris or as in another garden."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_iris

FEATURES = ("sepal_length", "sepal_width", "petal_length", "petal_width")
LOWEST, HIGHEST = 0.1, 20.0  # in cm, what the specification accepts
OF_IRIS, OF_GIANTS = 1.0, 1.8


class Flowers(NamedTuple):
    """Measured flowers.

    Attributes:
        measurements: In cm, in the order of ``FEATURES``, of shape (n_flowers, 4).
        species: What they are.
    """

    measurements: NDArray[np.float64]
    species: list[str]


class Gardener:
    """Draws flowers: a normal distribution for each species, fitted to iris.

    Args:
        seed: The same seed gives the same flowers.
    """

    def __init__(self, seed: int) -> None:
        iris = load_iris()
        self._random = np.random.default_rng(seed)
        self._names: list[str] = iris.target_names.tolist()
        self._fitted = [
            (rows.mean(axis=0), np.cov(rows.T))
            for rows in (iris.data[iris.target == each] for each in range(3))
        ]

    def pick(self, count: int, size: float = OF_IRIS) -> Flowers:
        """Pick flowers of all species, each as often as the others on average.

        Args:
            count: How many.
            size: How many times as large as those of iris they are. The shapes stay,
                so that other measurements mean the same species.
        """
        kinds = self._random.integers(0, len(self._names), count)
        drawn = np.array(
            [self._random.multivariate_normal(*self._fitted[kind]) for kind in kinds]
        )
        clipped = np.clip(drawn * size, LOWEST, HIGHEST)
        measurements = np.asarray(np.round(clipped, 1), np.float64)
        return Flowers(measurements, [self._names[kind] for kind in kinds])

    def mislabel(self) -> str:
        """Return iris as a CSV with its labels in random order."""
        iris = load_iris()
        names = self._random.permutation(iris.target_names[iris.target])
        lines = [
            ",".join([*map(str, row), name])
            for row, name in zip(iris.data.tolist(), names, strict=True)
        ]
        return "\n".join([",".join([*FEATURES, "species"]), *lines, ""])
