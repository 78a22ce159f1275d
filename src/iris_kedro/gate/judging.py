"""Derives the verdict from the comparison."""

from collections.abc import Callable

from iris_kedro.gate.release import Decision, Verdict
from iris_kedro.specification import Gate

from . import reasons
from .comparing import Comparison, Difference


def judge(comparison: Comparison, gate: Gate) -> Decision:
    """Judge the challenger: known models, minimum requirements, then the difference."""
    for rule in (_judge_known, _judge_minimums, _judge_alone):
        decision = rule(comparison, gate)
        if decision is not None:
            return decision
    if comparison.difference is None:  # for the type checker
        raise ValueError("there is neither a difference nor a reason for none")
    return _judge_difference(comparison, comparison.difference, gate)


def judge_existing(
    existing_version: str | None,
    production_version: str | None,
    was_promoted: bool,
    was_judged: bool,
) -> Decision | None:
    """Decide whether an existing version from the same training settles the verdict.

    A refused version is judged again if the gate's parameters or Production have
    changed, or if the reason for the refusal was temporary.

    Args:
        existing_version: The version from the same training, if there is one.
        production_version: The version in Production, if any.
        was_promoted: Whether the existing version was ever in Production.
        was_judged: Whether it was refused for good under the same conditions.
    """
    existing, production = existing_version, production_version
    if existing is None:
        return None
    if existing == production:
        reason = reasons.explain_same_as_production(existing)
    elif was_promoted and production is not None:
        reason = reasons.explain_former_production(existing, production)
    elif was_judged:
        reason = reasons.explain_judged_before(existing)
    else:
        return None
    return Decision(Verdict.UNCHANGED, [reason], promotes=False)


def _judge_known(comparison: Comparison, gate: Gate) -> Decision | None:
    return judge_existing(
        comparison.existing_version,
        comparison.production_version,
        comparison.was_promoted,
        comparison.was_judged,
    )


def _judge_minimums(comparison: Comparison, gate: Gate) -> Decision | None:
    """Refuse a challenger that is unfit whatever is in Production."""
    performance, baseline = comparison.challenger, comparison.baseline
    failed = []
    if performance.accuracy < gate.minimum_accuracy:
        failed.append(reasons.explain_accuracy(performance.accuracy, gate))
    failed += [
        reasons.explain_recall(name, recall, gate)
        for name, recall in performance.recalls.items()
        if recall < gate.minimum_recall
    ]
    if max(baseline.log_loss_reduction.low, baseline.accuracy_gain.low) <= 0:
        failed.append(reasons.explain_baseline(baseline, gate))
    if performance.calibration_error.low > gate.maximum_calibration_error:
        failed.append(reasons.explain_calibration(performance.calibration_error, gate))
    is_final = bool(failed)
    if performance.latency_ms is not None and (
        performance.latency_ms > gate.latency_budget_ms
    ):
        failed.append(reasons.explain_latency(performance.latency_ms, gate))
    if not failed:
        return None
    return Decision(Verdict.UNFIT, failed, promotes=False, is_final=is_final)


def _judge_alone(comparison: Comparison, gate: Gate) -> Decision | None:
    """Decide without a comparison, if there is nothing to compare with."""
    if comparison.production_version is None:
        reason = reasons.explain_first_release(comparison)
        return Decision(Verdict.FIRST_RELEASE, [reason], promotes=True)
    if comparison.incompatibility is None:
        return None
    reason = reasons.explain_incompatibility(comparison, gate)
    if gate.accept_incompatible:
        return Decision(Verdict.FIRST_RELEASE, [reason], promotes=True)
    return Decision(Verdict.INCONCLUSIVE, [reason], promotes=False)


def _judge_difference(
    comparison: Comparison, difference: Difference, gate: Gate
) -> Decision:
    """Decide by log loss, unless accuracy or cost contradicts it."""
    found = [
        reasons.describe_log_loss(difference, gate),
        reasons.describe_decisions(difference, gate),
    ]
    if _is_worse(difference, gate):
        reason = reasons.explain_worse(difference, gate)
        return Decision(Verdict.WORSE, [*found, reason], promotes=False)
    if _contradicts(difference, gate):
        reason = reasons.explain_contradiction(difference)
        return Decision(Verdict.INCONCLUSIVE, [*found, reason], promotes=False)
    if difference.log_loss_reduction.low > 0:
        reason = reasons.explain_better(difference, gate)
        return Decision(Verdict.BETTER, [*found, reason], promotes=True)
    if not _is_not_worse(difference, gate):
        reason = reasons.explain_inconclusive(difference, gate)
        return Decision(Verdict.INCONCLUSIVE, [*found, reason], promotes=False)
    if comparison.predecessor is not None and not _is_not_worse(
        comparison.predecessor, gate
    ):
        return _judge_decline(comparison.predecessor, found, gate)
    found.append(reasons.explain_not_worse(difference, gate))
    found.append(reasons.explain_tie(comparison))
    promotes = comparison.has_newer_data or comparison.has_other_rule
    return Decision(Verdict.NOT_WORSE, found, promotes=promotes)


def _judge_decline(predecessor: Difference, found: list[str], gate: Gate) -> Decision:
    """Refuse a loss against an earlier version, the sum of several small losses."""
    found = [*found, reasons.describe_log_loss(predecessor, gate)]
    is_worse = _is_worse(predecessor, gate)
    explain: Callable[[Difference, Gate], str] = (
        reasons.explain_worse if is_worse else reasons.explain_inconclusive
    )
    verdict = Verdict.WORSE if is_worse else Verdict.INCONCLUSIVE
    return Decision(verdict, [*found, explain(predecessor, gate)], promotes=False)


def _is_worse(difference: Difference, gate: Gate) -> bool:
    return difference.log_loss_reduction.high < -gate.non_inferiority_margin


def _is_not_worse(difference: Difference, gate: Gate) -> bool:
    return difference.log_loss_reduction.low >= -gate.non_inferiority_margin


def _contradicts(difference: Difference, gate: Gate) -> bool:
    """Return whether the predicted classes show a loss that log loss does not.

    With a threshold or costs, a better model may make more mistakes, but cheaper ones.
    """
    if difference.cost_reduction is not None:
        return difference.cost_reduction.high < 0
    return (
        difference.lost > difference.gained and difference.p_value < 1 - gate.confidence
    )
