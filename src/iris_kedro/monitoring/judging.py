"""The verdict on the model in Production, and its reasons."""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from iris_kedro.monitoring.accuracy import Accuracy
from iris_kedro.monitoring.counting import Counts
from iris_kedro.monitoring.drift import Drift
from iris_kedro.monitoring.explaining import (
    Times,
    describe_coverage,
    explain_absent,
    explain_answers,
    explain_features,
    explain_labels,
    explain_quiet,
    explain_small,
)
from iris_kedro.specification import Monitoring


class Status(StrEnum):
    """The possible verdicts on the model in Production."""

    QUIET = "quiet"
    DATA_DRIFT = "data drift"
    WORSE = "worse"
    CONCEPT_DRIFT = "concept drift"
    TOO_FEW_ROWS = "too few rows"


class Judgement(NamedTuple):
    """The verdict and its reasons, the most important one first."""

    verdict: Status
    reasons: list[str]


def judge(
    features: Sequence[Drift],
    answers: Sequence[Drift],
    accuracy: Accuracy,
    counts: Counts,
    monitoring: Monitoring,
) -> Judgement:
    """Decide the verdict; labels come first, because they measure the harm."""
    rows = int(counts.sums["rows"].sum())
    if rows < monitoring.minimum_rows:
        reason = (
            f"a verdict needs {monitoring.minimum_rows} predictions"
            f" (monitoring.minimum_rows); the database has {rows}"
        )
        return Judgement(Status.TOO_FEW_ROWS, [reason])
    times = Times(counts.windows.tolist(), monitoring.window_minutes * 60)
    drifting = sorted(
        (each for each in features if each.matters),
        key=lambda each: -(each.effect or 0),
    )
    changed = [each for each in answers if each.matters]
    reasons = [
        *explain_labels(accuracy, bool(drifting), times),
        *explain_features(drifting, times),
        *(explain_answers(each, times) for each in changed),
        *(
            explain_small(each, times)
            for each in [*features, *answers]
            if each.shown_at is not None and not each.matters
        ),
    ]
    if accuracy.is_overconfident and not drifting:
        verdict = Status.CONCEPT_DRIFT
    elif accuracy.is_worse:
        verdict = Status.WORSE
    elif drifting or changed:
        verdict = Status.DATA_DRIFT
    else:
        verdict = Status.QUIET
        reasons.insert(0, explain_quiet(rows, times))
    reasons += explain_absent(features, rows)
    return Judgement(verdict, [*reasons, describe_coverage(accuracy)])
