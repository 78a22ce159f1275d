"""The rules: whether waiting triggers start a run now, later or never.

All functions are pure; the time is an argument.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from iris_kedro.specification import Rules

DAY_SECONDS = 86_400.0
NAMED = 3  # triggers in one reason


class Kind(StrEnum):
    """The kinds of triggers."""

    SCHEDULE = "schedule"
    SOURCE = "source"
    LABELS = "labels"
    MONITORING = "monitoring"
    ALERT = "alert"
    WEBHOOK = "webhook"


class Action(StrEnum):
    """The actions that a decision can take."""

    RUN = "run"
    WAIT = "wait"
    SKIP = "skip"
    RESET = "reset"


class Outcome(StrEnum):
    """The possible results of a run."""

    RELEASED = "released"
    CANARY = "canary"
    HELD = "held"  # promoted by the gate, but not in Production
    REFUSED = "refused"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


# Triggers that mean new rows to train on.
NEW_DATA = {Kind.SOURCE, Kind.LABELS}
# Symptoms of a problem that training on the same rows cannot solve.
SYMPTOMS = {Kind.MONITORING, Kind.ALERT}
FAILURES = {Outcome.REFUSED, Outcome.FAILED}
WITHOUT_RESULT = {Outcome.UNCHANGED, Outcome.INTERRUPTED}
TO_REPEAT = {Outcome.FAILED, Outcome.INTERRUPTED}  # its triggers wait again
NOT_TRAINED = {*TO_REPEAT, None}  # None: not finished


@dataclass(frozen=True)
class Trigger:
    """A reason to train."""

    id: str
    kind: Kind
    reason: str
    received_at: float


@dataclass(frozen=True)
class PastRun:
    """A run of the watcher; its outcome is None until it has finished."""

    id: str
    decided_at: float
    outcome: Outcome | None = None
    finished_at: float | None = None
    source_digest: str | None = None


@dataclass(frozen=True)
class Decision:
    """What to do with the waiting triggers, by which rule, and why."""

    action: Action
    rule: str
    reason: str


@dataclass(frozen=True)
class Situation:
    """What is known when a decision is made.

    Attributes:
        triggers: The waiting triggers, oldest first.
        runs: Finished runs of the last day, and earlier ones that the breaker needs,
            oldest first.
        reset_at: When the breaker was last closed by hand, if ever.
        is_new_data: Whether the source has changed since the last training, or there
            are new labels that a run would use.
        canary: The version that answers a share of the requests, if any.
        takes_labels: Whether runs use labelled rows.
    """

    triggers: tuple[Trigger, ...] = ()
    runs: tuple[PastRun, ...] = ()
    reset_at: float | None = None
    is_new_data: bool = False
    canary: str | None = None
    takes_labels: bool = True


def decide(situation: Situation, rules: Rules, now: float) -> Decision | None:
    """Decide about the waiting triggers; None if there are none.

    All of them are combined into one run.
    """
    triggers = situation.triggers
    if not triggers:
        return None
    names = _name(triggers)
    if {each.kind for each in triggers} <= SYMPTOMS:
        if not situation.is_new_data:
            labels = (
                "there are no new labelled rows"
                if situation.takes_labels
                else "runs do not use labelled rows (watcher.triggers.labels is null)"
            )
            return Decision(
                Action.SKIP,
                "nothing new",
                f"{names}; but {labels}, and the source has not changed since the last"
                " training: training again would give the same model",
            )
        if situation.canary is not None:
            # They would outlast the canary, and start a training because of a version
            # that it has replaced. Symptoms that persist trigger again.
            return Decision(
                Action.SKIP,
                "canary",
                f"{names}; but version {situation.canary}, which may replace the one"
                " that this is about, is the canary",
            )
    reason = _find_reason_to_wait(situation, rules, now)
    if reason is not None:
        return Decision(Action.WAIT, *reason)
    return Decision(Action.RUN, "due", names)


def _find_reason_to_wait(
    situation: Situation, rules: Rules, now: float
) -> tuple[str, str] | None:
    """Return the rule that prevents a run now, and why; None if none does."""
    if situation.canary is not None:
        return (
            "canary",
            f"version {situation.canary} is the canary: a new version would replace it"
            " before it is promoted or stopped",
        )
    if is_breaker_open(situation, rules):
        return (
            "breaker",
            f"the last {rules.failures} runs were refused or failed: the next run needs"
            " new data, new labels or kedro watch reset",
        )
    until = find_cooldown(situation.runs, rules)
    if until > now:
        return "cooldown", f"the cooldown after the last run ends at {at(until)}"
    if count_budget(situation.runs, rules, now) == 0:
        return (
            "budget",
            f"{rules.runs_per_day} runs have started within 24 hours: the next one can"
            f" start at {at(_find_budget_end(situation.runs, rules))}",
        )
    return None


def is_breaker_open(situation: Situation, rules: Rules) -> bool:
    """Return whether too many runs in a row were refused or failed.

    New data or labels since the last of them allow one more attempt.
    """
    since = situation.reset_at or 0.0
    counted = [
        run
        for run in situation.runs
        if run.decided_at > since and run.outcome not in WITHOUT_RESULT
    ][-rules.failures :]
    if len(counted) < rules.failures or any(
        run.outcome not in FAILURES for run in counted
    ):
        return False
    last = counted[-1].decided_at
    return not any(
        each.kind in NEW_DATA and each.received_at > last for each in situation.triggers
    )


def find_cooldown(runs: tuple[PastRun, ...], rules: Rules) -> float:
    """Return when the cooldown ends; interrupted runs do not start one."""
    ends = [
        run.finished_at
        for run in runs
        if run.finished_at is not None and run.outcome is not Outcome.INTERRUPTED
    ]
    return max(ends, default=0.0) + 60 * rules.cooldown_minutes if ends else 0.0


def count_budget(runs: tuple[PastRun, ...], rules: Rules, now: float) -> int:
    """Return how many runs may still start within 24 hours.

    Interrupted runs count: neither the cooldown nor the breaker limits a training that
    takes the watcher down with it, such as one that needs too much memory.
    """
    recent = [run for run in runs if run.decided_at > now - DAY_SECONDS]
    return max(0, rules.runs_per_day - len(recent))


def at(seconds: float) -> str:
    """Format a time for messages."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _find_budget_end(runs: tuple[PastRun, ...], rules: Rules) -> float:
    return runs[-rules.runs_per_day].decided_at + DAY_SECONDS


def _name(triggers: tuple[Trigger, ...]) -> str:
    reasons = list(dict.fromkeys(each.reason for each in triggers))
    more = len(reasons) - NAMED
    return "; ".join(reasons[:NAMED]) + (f"; and {more} more" if more > 0 else "")
