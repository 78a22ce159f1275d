"""Decides about the canary and the guard, once in each round of the watcher."""

import logging
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from iris_kedro.canary.decision import Action, Decision
from iris_kedro.canary.findings import Findings, evaluate
from iris_kedro.canary.pairs import read_pairs
from iris_kedro.canary.rules import decide_canary, decide_guard
from iris_kedro.registry import Cause, Event, Registry, Trial
from iris_kedro.specification import Canary

logger = logging.getLogger(__name__)

WATCHER = "watcher"


def advance_canary(
    registry: Registry,
    engine: Engine | None,
    parameters: Canary,
    now: datetime,
    by: str = WATCHER,
) -> Decision:
    """Decide about the canary or the guarded Production, and carry it out.

    A guard comes first, because a canary is compared with the guarded version.

    Args:
        registry: Registry of the model.
        engine: The database of predictions; none if predictions are not stored.
        parameters: The rules.
        now: The time, with a time zone.
        by: The user or program, as recorded in the history.

    Returns:
        The decision that was carried out; ``wait`` if nothing was changed.
    """
    registry.recover()
    decision = decide_next(registry, engine, parameters, now)
    if decision.action is Action.WAIT:
        return decision
    if _carry_out(registry, decision, by) is None:
        return replace(
            decision,
            action=Action.WAIT,
            reason="another process has changed the registry in the meantime",
        )
    return decision


def decide_next(
    registry: Registry, engine: Engine | None, parameters: Canary, now: datetime
) -> Decision:
    """Make the decision of ``advance_canary`` without carrying it out."""
    decisions = []
    for trial in (registry.guard(), registry.canary()):
        if trial is None:
            continue
        try:
            findings = find(registry.name, engine, trial, parameters)
        except SQLAlchemyError as error:
            reason = f"the database of predictions cannot be read: {_shorten(error)}"
            logger.warning("Version %s: %s", trial.version, reason)
            return Decision(Action.WAIT, reason, trial.version)
        decide = decide_guard if trial.kind == "guard" else decide_canary
        decisions.append(decide(trial, findings, parameters, now))
    if not decisions:
        return Decision(
            Action.WAIT, "no canary is running, and Production is not guarded"
        )
    acts = [each for each in decisions if each.action is not Action.WAIT]
    return [*acts, decisions[-1]][0]


def find(
    model: str, engine: Engine | None, trial: Trial, parameters: Canary
) -> Findings | None:
    """Return the findings of a trial; none without a database."""
    if engine is None:
        return None
    pairs = read_pairs(engine, model, trial, parameters.latency_budget_ms)
    return evaluate(pairs, parameters)


def _carry_out(registry: Registry, decision: Decision, by: str) -> Event | None:
    cause = Cause(decision.reason, by, decision.figures)
    version = str(decision.version)
    match decision.action:
        case Action.RAISE_SHARE if decision.share is not None:
            return registry.set_canary_share(version, decision.share, cause)
        case Action.PROMOTE:
            return registry.promote_canary(version, cause)
        case Action.STOP:
            return registry.stop_canary(version, cause)
        case Action.END_GUARD:
            return registry.end_guard(version, cause)
        case Action.ROLL_BACK:
            return registry.roll_back_guarded(version, cause)
    return None


def _shorten(error: SQLAlchemyError) -> str:
    return str(getattr(error, "orig", error)).strip().splitlines()[0]
