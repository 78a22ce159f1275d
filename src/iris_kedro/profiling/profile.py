"""Profiles a table: the types of columns, and possible problems with the target."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from textwrap import shorten
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import cross_val_score
from sklearn.tree import DecisionTreeClassifier

from iris_kedro.errors import ProjectError
from iris_kedro.tables.texts import MISSING, standardize_name

from .columns import Guess, guess_feature

SHOWN = 500  # characters of the headers in an error
MOST_CLASSES = 50
FEWEST_ROWS = 20  # per class, for five folds and held-out rows
IMBALANCE = 0.1  # a class with a smaller share is mentioned
LEAK = 0.99  # a higher accuracy of a single feature is suspicious
ROWS_FOR_LEAKS = 5_000
POSITIVE = ("1", "true", "yes", "y", "t")


@dataclass(frozen=True)
class Profile:
    """The profile of a table.

    Attributes:
        rows: Number of rows.
        duplicates: Number of rows that are equal to an earlier one.
        target: Its entry in the specification, without description and labels.
        classes: Number of rows of each class.
        guesses: The proposals for the other columns.
        warnings: Possible problems with the target.
    """

    rows: int
    duplicates: int
    target: dict[str, Any]
    classes: dict[str, int]
    guesses: list[Guess]
    warnings: list[str]

    @property
    def majority(self) -> float:
        """Share of the most frequent class."""
        return max(self.classes.values()) / sum(self.classes.values())


def profile_table(data: pd.DataFrame, target: str) -> Profile:
    """Profile a table of texts.

    Raises:
        ProjectError: If that column does not exist, or cannot be predicted.
    """
    column = find_target(data, target)
    labels = data[column].astype(str).str.strip()
    known = labels[~labels.isin(MISSING)]
    classes = {str(name): int(count) for name, count in known.value_counts().items()}
    _check_classes(column, known, classes)
    features = data.drop(columns=column)
    names = name_columns([str(each) for each in features.columns], column)
    plain = Counter(map(standardize_name, map(str, data.columns)))
    guesses = [
        replace(
            guess_feature(header, names[header], features[header].astype(str)),
            is_shared=plain[standardize_name(header)] > 1,
        )
        for header in map(str, features.columns)
    ]
    warnings = [*_warn_of_classes(classes), *_find_leaks(data, guesses, known)]
    gaps = len(labels) - len(known)
    if gaps:
        warnings.append(
            f"{gaps:,} of {len(labels):,} rows have no class and are dropped"
        )
    return Profile(
        rows=len(data),
        duplicates=int(data.duplicated().sum()),
        target=_describe_target(column, names[column], classes),
        classes=classes,
        guesses=guesses,
        warnings=warnings,
    )


def name_columns(columns: list[str], target: str) -> dict[str, str]:
    """Return a unique, standardized name for each column and the target."""
    names: dict[str, str] = {}
    for column in [target, *columns]:
        plain = standardize_name(column) or "column"
        stem = plain if plain[0].isalpha() else f"column_{plain}"
        name, number = stem, 1
        while name in names.values():
            number += 1
            name = f"{stem}_{number}"
        names[column] = name
    return names


def find_target(data: pd.DataFrame, target: str) -> str:
    """Find the header of the column to predict.

    Raises:
        ProjectError: If there is none, or several spellings match.
    """
    columns = [str(each) for each in data.columns]
    if target in columns:
        return target
    near = [
        each for each in columns if standardize_name(each) == standardize_name(target)
    ]
    if len(near) != 1:
        found = shorten(", ".join(map(repr, columns)), SHOWN, placeholder="…")
        raise ProjectError(f"there is no column {target!r}; there are {found}")
    return near[0]


def _check_classes(
    column: str, known: "pd.Series[str]", classes: dict[str, int]
) -> None:
    if len(classes) < 2:  # noqa: PLR2004
        found = ", ".join(map(repr, classes)) or "nothing"
        raise ProjectError(f"{column!r} has only {found}: there is nothing to predict")
    if len(classes) <= MOST_CLASSES:
        return
    is_number = pd.to_numeric(known, errors="coerce").notna().all()
    why = (
        "it is a number to estimate; regression is not supported, because contract,"
        " gate and service are about classes and their probabilities. Group it into"
        " classes first"
        if is_number
        else "it looks like an identifier or free text"
    )
    raise ProjectError(f"{column!r} has {len(classes):,} distinct values: {why}")


def _describe_target(column: str, name: str, classes: dict[str, int]) -> dict[str, Any]:
    described: dict[str, Any] = {"name": name}
    if column != name:
        described["column"] = column
    described["classes"] = sorted(classes)
    if len(classes) == 2:  # noqa: PLR2004
        said = [each for each in classes if each.lower() in POSITIVE]
        described["positive"] = (
            said[0] if said else min(classes, key=classes.__getitem__)
        )
    return described


def _warn_of_classes(classes: dict[str, int]) -> Iterator[str]:
    total = sum(classes.values())
    for name, count in classes.items():
        if count < FEWEST_ROWS:
            yield (
                f"class {name!r} has only {count} rows: fewer than {FEWEST_ROWS} are"
                " not enough for training and evaluation"
            )
        elif count < IMBALANCE * total:
            yield (
                f"class {name!r} is rare ({count / total:.1%}): accuracy is not"
                " meaningful; consider scoring: average_precision or balanced_accuracy"
                " in parameters.yml"
            )


def _find_leaks(
    data: pd.DataFrame, guesses: list[Guess], known: "pd.Series[str]"
) -> Iterator[str]:
    """Find features that alone predict nearly every row."""
    count = min(len(known), ROWS_FOR_LEAKS)  # a file may be sorted by its classes
    rows = known.sample(count, random_state=0).index
    y = known.loc[rows]
    usual = y.value_counts(normalize=True).max()
    folds = min(3, y.value_counts().min())
    if folds < 2:  # noqa: PLR2004
        return
    for guess in guesses:
        if guess.feature is None:
            continue
        X = _encode(data.loc[rows, guess.column].astype(str)).reshape(-1, 1)
        tree = DecisionTreeClassifier(max_depth=5, random_state=0)
        accuracy = cross_val_score(tree, X, y.to_numpy(str), cv=folds).mean()
        if accuracy >= LEAK > usual:
            yield (
                f"{guess.name} alone predicts {accuracy:.1%} of the rows: is it known"
                " before the outcome?"
            )


def _encode(texts: "pd.Series[str]") -> np.ndarray[Any, np.dtype[np.float64]]:
    numbers = pd.to_numeric(texts, errors="coerce")
    if numbers.notna().any():
        return numbers.fillna(numbers.min() - 1).to_numpy(float)
    return pd.factorize(texts)[0].astype(float)
