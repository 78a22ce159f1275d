"""Compares a challenger with other models on rows that neither was trained on."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import onnx
import pandas as pd
from numpy.typing import NDArray

from iris_kedro.gate.intervals import Estimate
from iris_kedro.gate.release import RegistryState, ReleasedModel
from iris_kedro.model.contract import Contract
from iris_kedro.model.contract_features import CategoryContract
from iris_kedro.model.decision import DecisionRule
from iris_kedro.specification import Dataset, Gate, Target
from iris_kedro.tables.split import check_method, find_held_out

from .performance import (
    Answers,
    Performance,
    answer,
    answer_shares,
    list_columns,
    summarize,
)
from .proportions import compute_mid_p, estimate_accuracy_difference
from .statistics import estimate_mean_difference


@dataclass(frozen=True)
class Difference:
    """The difference between the challenger and another model, on the same rows.

    Attributes:
        other: What it is compared with, such as "version 3".
        rows: Number of rows that neither has seen.
        log_loss_reduction: The other's mean log loss minus the challenger's: positive
            values favour the challenger.
        accuracy_gain: The challenger's accuracy minus the other's.
        gained: Rows that only the challenger predicts correctly.
        lost: Rows that only the other one predicts correctly.
        p_value: McNemar's mid-p value of these two.
        cost_reduction: The other's mean cost minus the challenger's, if the challenger
            decides by a threshold or by costs.
    """

    other: str
    rows: int
    log_loss_reduction: Estimate
    accuracy_gain: Estimate
    gained: int
    lost: int
    p_value: float
    cost_reduction: Estimate | None = None


@dataclass(frozen=True)
class Comparison:
    """The evidence that the gate judges.

    Attributes:
        rows: Number of held-out rows.
        challenger: The challenger on all held-out rows.
        baseline: The challenger compared with the shares of the classes.
        production_version: The version in Production, if any.
        production: Production on the held-out rows that it has not seen either.
        difference: The challenger compared with Production.
        predecessor: The challenger compared with the best version that was in
            Production before, on the rows that neither has seen.
        incompatibility: Why Production cannot be compared, if so.
        has_newer_data: Whether the challenger has seen newer data than Production.
        has_other_rule: Whether it decides by another threshold or other costs.
        existing_version: The version from the same data, code and parameters, if any.
        was_promoted: Whether that version was ever in Production.
        was_judged: Whether it was refused for good under the same conditions.
    """

    rows: int
    challenger: Performance
    baseline: Difference
    production_version: str | None = None
    production: Performance | None = None
    difference: Difference | None = None
    predecessor: Difference | None = None
    incompatibility: str | None = None
    has_newer_data: bool = False
    has_other_rule: bool = False
    existing_version: str | None = None
    was_promoted: bool = False
    was_judged: bool = False


def compare_answers(
    other: str, ours: Answers, theirs: Answers, gate: Gate
) -> Difference:
    """Compare the predictions of two models for the same rows."""
    likeliest = _find_likeliest_classes(ours, theirs)
    gained = int((ours.correct & ~theirs.correct).sum())
    lost = int((theirs.correct & ~ours.correct).sum())
    return Difference(
        other=other,
        rows=len(ours.losses),
        log_loss_reduction=_estimate_reduction(
            theirs.losses - ours.losses,
            theirs.possible_losses - ours.possible_losses,
            likeliest,
            gate,
        ),
        accuracy_gain=estimate_accuracy_difference(
            gained, lost, len(ours.losses), gate.confidence
        ),
        gained=gained,
        lost=lost,
        p_value=compute_mid_p(gained, lost),
        cost_reduction=_compare_costs(ours, theirs, likeliest, gate),
    )


def _compare_costs(
    ours: Answers, theirs: Answers, likeliest: NDArray[np.int_], gate: Gate
) -> Estimate | None:
    if ours.costs is None or theirs.costs is None:
        return None
    if ours.possible_costs is None or theirs.possible_costs is None:
        return None
    return _estimate_reduction(
        theirs.costs - ours.costs,
        theirs.possible_costs - ours.possible_costs,
        likeliest,
        gate,
    )


def _estimate_reduction(
    reductions: NDArray[np.float64],
    possible: NDArray[np.float64],
    likeliest: NDArray[np.int_],
    gate: Gate,
) -> Estimate:
    """Estimate the mean reduction.

    Args:
        reductions: One for each row, of shape (rows,).
        possible: The reductions if each class were correct, of shape (rows, classes).
        likeliest: The two likeliest classes of each row, of shape (rows, 2).
        gate: The gate's parameters.
    """
    likely = np.take_along_axis(possible, likeliest, axis=1)
    return estimate_mean_difference(
        reductions,
        lowest=float(likely.min(axis=1).mean()),
        highest=float(likely.max(axis=1).mean()),
        confidence=gate.confidence,
        resamples=gate.resamples,
        random_state=gate.random_state,
    )


def _find_likeliest_classes(ours: Answers, theirs: Answers) -> NDArray[np.int_]:
    """Return the two likeliest classes of each row, of shape (rows, 2).

    By the mean probabilities of the two models: a mistake that does not occur in these
    few rows will most likely be one of them.
    """
    probabilities = np.exp(-ours.possible_losses) + np.exp(-theirs.possible_losses)
    return np.argsort(probabilities, axis=1)[:, -2:]


def compare_with_baseline(
    challenger: onnx.ModelProto,
    ours: Answers,
    rows: pd.DataFrame,
    target: Target,
    gate: Gate,
) -> Difference:
    """Compare the challenger with the shares of the classes in its training rows."""
    shares = answer_shares(challenger, rows, target)
    return compare_answers("the shares of the classes", ours, shares, gate)


def compare_with_released(
    released: ReleasedModel,
    ours: Answers,
    rows: pd.DataFrame,
    dataset: Dataset,
    gate: Gate,
    rule: DecisionRule | None = None,
) -> tuple[Difference, Performance]:
    """Compare the challenger's predictions with a released model's, on unseen rows.

    Both decide by the challenger's ``rule``, so that a change of the threshold or the
    costs, which is a choice, counts neither for nor against a model.

    Raises:
        ValueError: If they cannot be compared.
    """
    unseen = find_unseen(released, rows, dataset)
    theirs = answer(released.model, rows[unseen], dataset.target, rule)
    same = select(ours, unseen)
    performance = summarize(theirs, rows[unseen], dataset.target, gate)
    name = f"version {released.version}"
    return compare_answers(name, same, theirs, gate), performance


def find_unseen(
    released: ReleasedModel, rows: pd.DataFrame, dataset: Dataset
) -> NDArray[np.bool_]:
    """Find the rows that a released model was not trained on, by its own split.

    Raises:
        ValueError: If there are none, they were split by another method, or the model
            needs columns that do not exist.
    """
    columns, split = list_columns(released.model), released.contract.split
    missing = [name for name in columns if name not in rows]
    if missing:
        raise ValueError(f"it needs {', '.join(missing)}, which the data does not have")
    _check_types(released.contract, rows)
    check_method(split, rows, dataset)
    unseen = find_held_out(rows, columns, split)
    if not unseen.any():
        raise ValueError("it was trained on every held-out row")
    accepted = unseen & _is_accepted(released.contract, rows)
    if not accepted.any():
        raise ValueError("it accepts none of the rows that it has not seen")
    return accepted


def _check_types(contract: Contract, rows: pd.DataFrame) -> None:
    """Check that columns have kept their types: the split and model depend on them."""
    changed = [
        name
        for name, feature in contract.inputs.items()
        if feature.is_category == pd.api.types.is_numeric_dtype(rows[name])
    ]
    if changed:
        raise ValueError(f"{', '.join(changed)} had another type in its data")


def _is_accepted(contract: Contract, rows: pd.DataFrame) -> NDArray[np.bool_]:
    """Find the rows whose missing values and categories the model's service accepts."""
    accepted = np.ones(len(rows), bool)
    for name, feature in contract.inputs.items():
        is_missing = rows[name].isna().to_numpy(bool)
        if not feature.nullable:
            accepted &= ~is_missing
        if isinstance(feature, CategoryContract) and feature.unknown == "reject":
            known = rows[name].isin(feature.categories).to_numpy(bool)
            accepted &= known | is_missing
    return accepted


def select(answers: Answers, rows: NDArray[np.bool_] | NDArray[np.int_]) -> Answers:
    """Return the predictions for some of the rows."""
    given = {each.name: getattr(answers, each.name) for each in fields(answers)}
    chosen: dict[str, Any] = {
        name: values[rows] for name, values in given.items() if values is not None
    }
    return Answers(**chosen)


def find_best_predecessor(
    registry: RegistryState,
    ours: Answers,
    rows: pd.DataFrame,
    dataset: Dataset,
    gate: Gate,
    rule: DecisionRule | None = None,
) -> Difference | None:
    """Compare with the best version that was in Production before.

    It is the one with the smallest gain of the challenger. Versions that cannot be
    compared are skipped. All decide by the challenger's ``rule``.
    """
    found = []
    for released in registry.predecessors:
        try:
            unseen = find_unseen(released, rows, dataset)
        except ValueError:
            continue
        theirs = answer(released.model, rows[unseen], dataset.target, rule)
        name = f"version {released.version}"
        found.append(compare_answers(name, select(ours, unseen), theirs, gate))
    return min(found, key=lambda each: each.log_loss_reduction.value, default=None)


def has_newer_data(challenger: onnx.ModelProto, registry: RegistryState) -> bool:
    """Return whether no version up to Production came from the challenger's data."""
    return Contract.read(challenger).data_digest not in registry.known_data
