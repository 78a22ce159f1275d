"""Compares the predictions of two models for the same rows."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import onnx
import pandas as pd
from numpy.typing import NDArray

from iris_kedro.gate.statistics.intervals import Estimate
from iris_kedro.specification import Gate, Target

from .performance import Answers, Performance, answer_shares
from .statistics.log_loss import estimate_mean_difference
from .statistics.proportions import compute_mid_p, estimate_accuracy_difference


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
        baseline: The challenger compared with the class frequencies.
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
    """Compare the challenger with the class frequencies of its training rows."""
    shares = answer_shares(challenger, rows, target)
    return compare_answers("class frequencies", ours, shares, gate)


def select(answers: Answers, rows: NDArray[np.bool_] | NDArray[np.int_]) -> Answers:
    """Return the predictions for some of the rows."""
    given = {each.name: getattr(answers, each.name) for each in fields(answers)}
    chosen: dict[str, Any] = {
        name: values[rows] for name, values in given.items() if values is not None
    }
    return Answers(**chosen)
