"""Combines e-processes, and compares them with a threshold."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def combine(log_es: ArrayLike) -> Floats:
    """Return the average e-process, valid however the processes depend on each other.

    Vovk and Wang, E-values: calibration, combination and applications, Annals of
    Statistics 49, 2021.

    Args:
        log_es: Logarithms of e-values, of shape (n_processes, n_looks), with at least
            one process.
    """
    values = np.asarray(log_es, dtype=float)
    return np.asarray(np.logaddexp.reduce(values, axis=0) - np.log(len(values)))


def is_shown(log_e: ArrayLike, alpha: float) -> NDArray[np.bool_]:
    """Return whether the evidence has reached 1 / alpha, at this look or before.

    Ville's inequality: under the null hypothesis this happens with a probability of
    at most alpha over all looks together (Ville, Étude critique de la notion de
    collectif, 1939).

    Args:
        log_e: Logarithms of e-values, with looks along the last axis.
        alpha: Accepted probability of a false alarm, over all looks.
    """
    highest = np.maximum.accumulate(np.asarray(log_e, dtype=float), axis=-1)
    return np.asarray(highest >= -np.log(alpha))
