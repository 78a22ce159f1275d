"""The rules, as pure functions of the findings."""

from dataclasses import asdict
from datetime import datetime

from iris_kedro.canary.decision import Action, Decision
from iris_kedro.canary.findings import Findings
from iris_kedro.registry import Trial
from iris_kedro.specification import Canary

SECONDS_PER_HOUR = 3600
NO_DATABASE = (
    "there is no database of predictions, so the models cannot be compared; errors and"
    " latency are in the service's metrics"
)


def decide_canary(
    trial: Trial, findings: Findings | None, parameters: Canary, now: datetime
) -> Decision:
    """Decide about a canary.

    Args:
        trial: The canary.
        findings: The evidence; None without a database.
        parameters: The rules.
        now: The time.
    """
    found = findings or Findings()
    if harm := _find_harm(trial, found, parameters):
        return _decide(Action.STOP, trial, findings, harm)
    next_share = parameters.find_next_share(trial.share)
    warnings = [] if _is_not_worse(found, parameters) else _warn(found, parameters)
    if next_share is None and _is_not_worse(found, parameters):
        reason = _describe_not_worse(trial, found, parameters)
        return _decide(Action.PROMOTE, trial, findings, reason)
    missing = _list_missing(trial, findings, parameters, now) + warnings
    if next_share is not None and not missing:
        return _decide(
            Action.RAISE_SHARE,
            trial,
            findings,
            f"{found.rows_at_share} rows at {trial.share:.0%} without a warning"
            f" ({_describe_rows(trial, found)})",
            share=next_share,
        )
    if _hours(trial.since, now) >= parameters.undecided_after:
        may_promote = next_share is None and not missing
        return _end_undecided(trial, findings, parameters, missing, may_promote)
    if next_share is None:
        missing.append(
            "not enough evidence yet that accuracy is lower by less than"
            f" {parameters.non_inferiority_margin:.1%}"
            f" ({_describe_rows(trial, found)})"
        )
    return _decide(Action.WAIT, trial, findings, "; ".join(missing))


def decide_guard(
    trial: Trial, findings: Findings | None, parameters: Canary, now: datetime
) -> Decision:
    """Decide about a guarded version.

    Args:
        trial: The guard.
        findings: The evidence; None without a database.
        parameters: The rules.
        now: The time.
    """
    found = findings or Findings()
    if harm := _find_harm(trial, found, parameters):
        return _decide(Action.ROLL_BACK, trial, findings, harm)
    rows = _describe_rows(trial, found) if findings else NO_DATABASE
    passed, hours = _hours(trial.since, now), parameters.guard.hours
    if passed >= hours:
        reason = f"no evidence that it is worse in {hours:g} hours: {rows}"
        return _decide(Action.END_GUARD, trial, findings, reason)
    reason = f"guarded for {hours - passed:.1f} more hours: {rows}"
    return _decide(Action.WAIT, trial, findings, reason)


def _decide(
    action: Action,
    trial: Trial,
    findings: Findings | None,
    reason: str,
    share: float | None = None,
) -> Decision:
    figures = asdict(findings) if findings else {}
    return Decision(action, reason, trial.version, share, figures)


def _end_undecided(
    trial: Trial,
    findings: Findings | None,
    parameters: Canary,
    missing: list[str],
    may_promote: bool,
) -> Decision:
    rule = parameters.undecided
    action = {"wait": Action.WAIT, "stop": Action.STOP, "promote": Action.STOP}[rule]
    if rule == "promote" and may_promote:
        action = Action.PROMOTE
    rows = _describe_rows(trial, findings) if findings else ""
    reason = (
        f"undecided after {parameters.undecided_after:g} hours, at {trial.share:.0%}"
        f" (model_release.canary.undecided is {rule}):"
        f" {'; '.join([*missing, rows]).strip('; ')}"
    )
    return _decide(action, trial, findings, reason)


def _find_harm(trial: Trial, found: Findings, parameters: Canary) -> str:
    """Explain why the version is worse or slower; empty without enough evidence."""
    shown = 1 / parameters.alpha
    if found.errors:
        return (
            f"version {trial.version} failed on {found.errors} requests that version"
            f" {trial.against} answered"
        )
    pair = f"version {trial.version} is {{}} than version {trial.against}"
    if found.e_worse >= shown and found.loss >= parameters.worse_by:
        return (
            f"{pair.format('worse')}: accuracy is lower by {found.loss:.1%} (e-value"
            f" {found.e_worse:.3g}; {_describe_rows(trial, found)})"
        )
    if found.e_slower >= shown and found.slower > parameters.maximum_slower:
        return (
            f"{pair.format('slower')}: {found.slower:.1%} more of the requests take"
            f" longer than {parameters.latency_budget_ms:g} ms (e-value"
            f" {found.e_slower:.3g})"
        )
    return ""


def _is_not_worse(found: Findings, parameters: Canary) -> bool:
    """Return whether it was shown not to be worse, and still is not."""
    is_shown = found.e_not_worse >= 1 / parameters.alpha
    return is_shown and found.loss < parameters.non_inferiority_margin


def _warn(found: Findings, parameters: Canary) -> list[str]:
    """List reasons not to raise the share without labels."""
    shown = 1 / parameters.alpha
    warnings = []
    if found.agreement < parameters.minimum_agreement:
        warnings.append(
            f"the models agree on only {found.agreement:.1%} of the rows"
            f" (minimum_agreement {parameters.minimum_agreement:.1%})"
        )
    if (
        found.class_shift > parameters.maximum_class_shift
        and found.e_class_shift >= shown
    ):
        warnings.append(
            f"{found.class_shift:.1%} of the predictions have shifted to other classes"
            f" (e-value {found.e_class_shift:.3g})"
        )
    if (
        found.confidence_loss > parameters.maximum_confidence_loss
        and found.e_less_sure >= shown
    ):
        warnings.append(
            f"its confidence is lower by {found.confidence_loss:.1%} (e-value"
            f" {found.e_less_sure:.3g})"
        )
    return warnings


def _list_missing(
    trial: Trial, findings: Findings | None, parameters: Canary, now: datetime
) -> list[str]:
    if findings is None:
        return [NO_DATABASE]
    missing = []
    if findings.rows_at_share < parameters.minimum_rows:
        missing.append(
            f"{findings.rows_at_share} of {parameters.minimum_rows} rows at"
            f" {trial.share:.0%}"
        )
    hours = _hours(trial.share_since, now)
    if hours < parameters.minimum_hours:
        missing.append(
            f"{hours:.1f} of {parameters.minimum_hours:g} hours at {trial.share:.0%}"
        )
    return missing


def _hours(since: datetime, now: datetime) -> float:
    return (now - since).total_seconds() / SECONDS_PER_HOUR


def _describe_not_worse(trial: Trial, found: Findings, parameters: Canary) -> str:
    return (
        f"version {trial.version} is not inferior to version {trial.against}: accuracy"
        f" is lower by less than {parameters.non_inferiority_margin:.1%}, if at all"
        f" (e-value {found.e_not_worse:.3g}; {_describe_rows(trial, found)})"
    )


def _describe_rows(trial: Trial, found: Findings) -> str:
    return (
        f"agreement on {found.agreement:.1%} of {found.rows} rows; of {found.labelled}"
        f" labelled rows, only version {trial.version} is right on {found.gained}, only"
        f" version {trial.against} on {found.lost}"
    )
