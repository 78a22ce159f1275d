"""Builds cross-validation folds, by the method that splits the held-out rows."""

from collections.abc import Iterable
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import (
    GroupKFold,
    RepeatedStratifiedKFold,
    StratifiedGroupKFold,
    TimeSeriesSplit,
)

from iris_kedro.errors import ProjectError
from iris_kedro.specification import Dataset, Training
from iris_kedro.tables.keys import describe_method, name_key

MANY_ROWS = 5_000  # enough to use threads and a single repeat
# With many groups, classes are balanced by chance, while scikit-learn's search for the
# best balance takes 1.7 s for 5,000 groups, and 56 s for 100,000.
MANY_GROUPS = 1_000

# Indices of the rows to train on and to test on, of shapes (rows,).
Fold = tuple[NDArray[np.int_], NDArray[np.int_]]
Folds: TypeAlias = list[Fold] | RepeatedStratifiedKFold


def count_repeats(training: Training, rows: int) -> int:
    """Return the number of repeats: one for many rows, whose scores vary little."""
    return 1 if rows >= MANY_ROWS else training.repeats


def build_folds(
    train_data: pd.DataFrame, dataset: Dataset, training: Training
) -> Folds:
    """Build the folds in which candidates are compared, with the method of the split.

    Rows or groups are assigned to folds at random in each repeat, with balanced
    classes. Times have one order, so that there are no repeats: each fold is trained on
    all rows before it.

    Returns:
        The folds, repeat by repeat, or their splitter.

    Raises:
        ProjectError: If there are too few rows, or a fold lacks a class.
    """
    y = train_data[dataset.target.name].to_numpy(str)
    if dataset.split.method == "hash":
        _check_counts(y, training)
        return RepeatedStratifiedKFold(
            n_splits=training.folds,
            n_repeats=count_repeats(training, len(y)),
            random_state=training.random_state,
        )
    keys = train_data[name_key(dataset.split)]
    split = _split_times if dataset.split.method == "time" else _split_groups
    try:
        folds = split(keys, y, training)
    except ValueError as error:
        raise ProjectError(
            f"the training rows cannot be split into {training.folds} folds by"
            f" {describe_method(dataset.split)}: {error}. Reduce"
            " data_science.training.folds, or add more rows"
        ) from error
    for number, fold in enumerate(folds):
        _check_classes(fold, y, number % training.folds + 1, dataset, training)
    return folds


def compare_sizes(folds: Iterable[Fold]) -> float:
    """Return the mean ratio of the rows to test on to those to train on."""
    return float(np.mean([len(test) / len(train) for train, test in folds]))


def _check_counts(y: NDArray[np.str_], training: Training) -> None:
    counts = {str(name): int((y == name).sum()) for name in np.unique(y)}
    scarce = {name: rows for name, rows in counts.items() if rows < training.folds}
    if not scarce:
        return
    fewest = min(scarce.values())
    raise ProjectError(
        "too few training rows for cross-validation:"
        f" {', '.join(f'{name} has {rows}' for name, rows in scarce.items())};"
        f" data_science.training.folds is {training.folds}, and each fold needs a row"
        " of each class. Add more rows"
        + (f", or set folds to at most {fewest}" if fewest > 1 else "")
    )


def _split_groups(
    groups: "pd.Series[Any]", y: NDArray[np.str_], training: Training
) -> list[Fold]:
    count = groups.nunique()
    if count < training.folds:
        raise ValueError(f"there are {count} groups")
    # A generator, so that each repeat has different folds.
    generator = np.random.RandomState(training.random_state)
    kind = GroupKFold if count > MANY_GROUPS else StratifiedGroupKFold
    folds = kind(training.folds, shuffle=True, random_state=generator)
    return [
        fold
        for _ in range(count_repeats(training, len(y)))
        for fold in folds.split(y, y, groups.factorize()[0])
    ]


def _split_times(
    times: "pd.Series[Any]", y: NDArray[np.str_], training: Training
) -> list[Fold]:
    """Split like scikit-learn, but keep rows with the same time in one fold."""
    order = times.rank(method="dense").to_numpy(int)
    folds = TimeSeriesSplit(training.folds).split(np.sort(order))
    starts = [np.sort(order)[test[0]] for _, test in folds]
    block = np.searchsorted(starts, order, side="right")  # block 0 is only for training
    return [
        (np.flatnonzero(block < number), np.flatnonzero(block == number))
        for number in range(1, training.folds + 1)
    ]


def _check_classes(
    fold: Fold, y: NDArray[np.str_], number: int, dataset: Dataset, training: Training
) -> None:
    trained, tested = (set(y[places].tolist()) for places in fold)
    positive = dataset.target.positive
    if missing := set(y.tolist()) - trained:
        problem = f"would be trained without {' and '.join(map(repr, sorted(missing)))}"
    elif len(tested) < 2:  # noqa: PLR2004
        found = "".join(f"{each!r} alone" for each in tested) or "no rows"
        problem = f"would be tested on {found}"
    elif positive is not None and positive not in tested:
        problem = f"would be tested without the positive class {positive!r}"
    else:
        return
    raise ProjectError(
        f"fold {number} of {training.folds}, split by"
        f" {describe_method(dataset.split)}, {problem}: too few groups or times have"
        " rows of that class. Reduce data_science.training.folds, or add more rows"
    )
