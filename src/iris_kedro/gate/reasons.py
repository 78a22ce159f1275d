"""The sentences that give the reasons for a verdict, with their numbers."""

import math

from iris_kedro.gate.statistics.intervals import Estimate
from iris_kedro.specification import Gate

from .comparing import Comparison, Difference

MANY_ROWS = 1_000_000  # nobody collects more
SMALLEST = 0.001  # that three digits show


def explain_same_as_production(version: str) -> str:
    """Say that Production came from the same training."""
    return (
        f"version {version}, which is Production, came from the same data, code and"
        " parameters"
    )


def explain_former_production(version: str, production: str) -> str:
    """Say that the same training was in Production before."""
    return (
        f"version {version} came from the same data, code and parameters and was in"
        f" Production before; now version {production} is"
    )


def explain_judged_before(version: str) -> str:
    """Say that a refusal stands."""
    return (
        f"version {version} came from the same data, code and parameters, and this"
        " gate has already refused it; kedro model list says why"
    )


def explain_accuracy(accuracy: float, gate: Gate) -> str:
    """Say that the accuracy is too low."""
    return f"accuracy {accuracy:.3f} is below the minimum {gate.minimum_accuracy:g}"


def explain_recall(name: str, recall: float, gate: Gate) -> str:
    """Say that the recall of a class is too low."""
    return f"recall of {name} {recall:.3f} is below the minimum {gate.minimum_recall:g}"


def explain_baseline(baseline: Difference, gate: Gate) -> str:
    """Say that the model is not shown to beat a constant prediction."""
    reduction, gain = baseline.log_loss_reduction, baseline.accuracy_gain
    return (
        "it is not shown to beat the class frequencies, which ignore the features:"
        f" log loss is {_compare(reduction.value)} ({gate.confidence:.0%}"
        f" interval of the reduction {_range(reduction)}), accuracy differs by"
        f" {gain.value:+z.3f} ({_range(gain)})"
    )


def explain_calibration(error: Estimate, gate: Gate) -> str:
    """Say that the probabilities are too far from the truth."""
    return (
        f"the expected calibration error is {error.value:.3f}"
        f" ({gate.confidence:.0%} interval {error.low:.3f} to {error.high:.3f}), above"
        f" the maximum {gate.maximum_calibration_error:g}"
    )


def explain_latency(latency_ms: float, gate: Gate) -> str:
    """Say that predictions take too long."""
    return (
        f"a prediction takes {latency_ms:.2f} ms, more than the budget of"
        f" {gate.latency_budget_ms:g} ms; a busy machine is slower, so the next run"
        " measures again"
    )


def explain_first_release(comparison: Comparison) -> str:
    """Say that there is nothing to compare with."""
    return (
        "there is no Production model to compare with; all minimum requirements are"
        f" met on {comparison.rows} held-out rows"
    )


def explain_incompatibility(comparison: Comparison, gate: Gate) -> str:
    """Say why the models cannot be compared, and what can be done about it."""
    found = (
        f"version {comparison.production_version} in Production cannot be compared:"
        f" {comparison.incompatibility}"
    )
    if gate.accept_incompatible:
        return (
            f"{found}; only the minimum requirements decide, because"
            " accept_incompatible is true"
        )
    return (
        f"{found}. To release it by the minimum requirements alone: kedro run --params"
        " model_release.gate.accept_incompatible=true"
    )


def describe_log_loss(difference: Difference, gate: Gate) -> str:
    """State the difference in log loss."""
    reduction = difference.log_loss_reduction
    return (
        f"log loss on {difference.rows} shared rows is"
        f" {_compare(reduction.value, f'that of {difference.other}')}"
        f" ({gate.confidence:.0%} interval of the reduction {_range(reduction)})"
    )


def describe_decisions(difference: Difference, gate: Gate) -> str:
    """State the difference in cost, or in accuracy if there is no threshold or cost."""
    gain, reduction = difference.accuracy_gain, difference.cost_reduction
    if reduction is not None:
        return (
            f"under the challenger's decision rule, mean cost is"
            f" {_compare(reduction.value)} ({gate.confidence:.0%} interval of the"
            f" reduction {_range(reduction)})"
        )
    if not difference.gained and not difference.lost:
        return (
            "both are right on the same rows; a difference in accuracy of"
            f" {gain.high:.3f} could still go unseen among {difference.rows}"
        )
    return (
        f"accuracy differs by {gain.value:+z.3f} ({gate.confidence:.0%} interval"
        f" {_range(gain)}): {_count(difference.gained)} gained,"
        f" {difference.lost} lost, p {compare_p_value(difference.p_value)}"
    )


def compare_p_value(p_value: float) -> str:
    """Write a p-value with its sign, as in "= 0.039" or "< 0.001"."""
    return f"< {SMALLEST}" if p_value < SMALLEST else f"= {p_value:.3f}"


def explain_better(difference: Difference, gate: Gate) -> str:
    """Say that the challenger is better."""
    return (
        "the whole interval is on the challenger's side: chance alone would do this"
        f" in at most {(1 - gate.confidence) / 2:.1%} of ties"
    )


def explain_not_worse(difference: Difference, gate: Gate) -> str:
    """Say that a loss beyond the margin is ruled out."""
    return (
        "neither is shown to be better, and a loss beyond the margin of"
        f" {gate.non_inferiority_margin:g} is ruled out"
    )


def explain_tie(comparison: Comparison) -> str:
    """Say what a tie leads to."""
    if comparison.has_newer_data:
        return "a tie goes to the challenger, which has seen newer data"
    if comparison.has_other_rule:
        return "a tie goes to the challenger, whose threshold or costs have changed"
    return "a tie keeps Production: the challenger has seen no newer data"


def explain_worse(difference: Difference, gate: Gate) -> str:
    """Say that the challenger is worse."""
    return (
        "the whole interval lies beyond the margin of"
        f" {gate.non_inferiority_margin:g}: a real loss against {difference.other}"
    )


def explain_contradiction(difference: Difference) -> str:
    """Say that log loss and accuracy, or cost, contradict each other."""
    if difference.cost_reduction is not None:
        return "cost shows a loss that log loss does not: its whole interval is below 0"
    return (
        f"accuracy shows a loss that log loss does not: {difference.lost} rows lost"
        f" against {difference.gained} gained"
    )


def explain_inconclusive(difference: Difference, gate: Gate) -> str:
    """Say what cannot be shown, and how many more rows would decide."""
    more = count_missing_rows(difference, gate)
    found = (
        f"against {difference.other}, neither a loss beyond the margin of"
        f" {gate.non_inferiority_margin:g} nor its absence can be shown"
    )
    if more is None:
        return f"{found}; no realistic number of rows would decide such a difference"
    return f"{found}; about {more:,} more held-out rows would, if the difference stays"


def count_missing_rows(difference: Difference, gate: Gate) -> int | None:
    """Return how many more rows would decide, if the difference stays as it is.

    One end of the interval must not cross the margin, and the interval shrinks with the
    square root of the rows. None if more than a million rows were needed.
    """
    value, low, high = difference.log_loss_reduction
    gap = value + gate.non_inferiority_margin
    width = value - low if gap > 0 else high - value
    if difference.rows * width**2 > MANY_ROWS * gap**2:
        return None
    return max(math.ceil(difference.rows * (width / gap) ** 2) - difference.rows, 1)


def _compare(reduction: float, other: str = "") -> str:
    """Say how much lower or higher a value is, such as "0.200 lower than the other"."""
    if reduction == 0:
        return f"the same as {other}" if other else "the same"
    size = abs(reduction)
    amount = f"less than {SMALLEST}" if size < SMALLEST else f"{size:.3f}"
    direction = "lower" if reduction > 0 else "higher"
    return f"{amount} {direction} than {other}" if other else f"{amount} {direction}"


def _range(estimate: Estimate) -> str:
    # z: a value that rounds to zero has no minus sign.
    return f"{estimate.low:+z.3f} to {estimate.high:+z.3f}"


def _count(rows: int) -> str:
    return f"{rows} row" if rows == 1 else f"{rows} rows"
