"""Explains a verdict in sentences."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from iris_kedro.monitoring.accuracy import Accuracy
from iris_kedro.monitoring.bins import MISSING, UNKNOWN
from iris_kedro.monitoring.drift import Drift

SHOWN = 5  # drifting features with their own sentence
MOVED = 0.02  # a change in the share of missing values that is worth mentioning


class Times(NamedTuple):
    """The start and end of windows."""

    windows: Sequence[int]
    seconds: float

    def start(self, look: int) -> str:
        """Return when a window begins."""
        return self._show(self.windows[look])

    def end(self, look: int) -> str:
        """Return when a window ends."""
        return self._show(self.windows[look] + 1)

    def _show(self, window: int) -> str:
        time = datetime.fromtimestamp(window * self.seconds, UTC)
        return f"{time:%Y-%m-%d %H:%M} UTC"


def explain_labels(accuracy: Accuracy, drifts: bool, times: Times) -> list[str]:
    """Explain what labels show, if they show that the model is worse."""
    reasons = []
    value = accuracy.value
    if accuracy.is_worse and value is not None:
        looks = [
            each for each in (accuracy.worse_at, accuracy.gap_at) if each is not None
        ]
        reasons.append(
            f"accuracy on {accuracy.labelled:,} labelled rows is {value.value:.3f}"
            f" ({value.low:.3f} to {value.high:.3f}); on the {accuracy.held_out_rows:,}"
            f" held-out rows it was {accuracy.held_out.value:.3f}. Detected at"
            f" {times.end(min(looks))}"
        )
    if accuracy.is_overconfident and accuracy.gap_at is not None:
        cause = (
            "features drift as well"
            if drifts
            else "no feature drifts, so the same values now belong to other classes"
        )
        reasons.append(
            f"accuracy on labelled rows is {accuracy.gap:.3f} below the mean"
            f" confidence; on the held-out rows the gap was"
            f" {accuracy.expected_gap:.3f}. Detected at {times.end(accuracy.gap_at)};"
            f" {cause}"
        )
    return reasons


def explain_features(drifting: Sequence[Drift], times: Times) -> list[str]:
    """Explain which features drift, and how the first few have changed."""
    reasons = [_explain_feature(each, times) for each in drifting[:SHOWN]]
    if len(drifting) > SHOWN:
        names = ", ".join(each.bins.name for each in drifting[SHOWN:])
        reasons.append(f"{len(drifting) - SHOWN} more features drift: {names}")
    return reasons


def _explain_feature(drift: Drift, times: Times) -> str:
    change = describe_change(drift)
    return f"{drift.bins.name} drifts: {change}, {_describe_detection(drift, times)}"


def explain_answers(drift: Drift, times: Times) -> str:
    """Explain how the distribution of predictions or confidence has changed."""
    return (
        f"the distribution of {drift.bins.name} has changed:"
        f" {describe_change(drift)}, {_describe_detection(drift, times)}"
    )


def _describe_detection(drift: Drift, times: Times) -> str:
    if drift.shown_at is None:
        return "not detected"
    return f"detected at {times.end(drift.shown_at)} (log e {max(drift.log_e):.1f})"


def describe_change(drift: Drift) -> str:
    """Describe the share of rows that moved, and the bin that changed most."""
    reference = [count / sum(drift.bins.reference) for count in drift.bins.reference]
    recent = [int(count) / int(drift.recent.sum()) for count in drift.recent]
    moves = [now - before for now, before in zip(recent, reference, strict=True)]
    place = max(range(len(moves)), key=lambda each: abs(moves[each]))
    for name in (UNKNOWN, MISSING):
        special = drift.bins.place(name)
        if special is not None and abs(moves[special]) >= MOVED:
            place = special if abs(moves[special]) >= abs(moves[place]) / 2 else place
    return (
        f"{drift.effect:.0%} of the rows have moved; {drift.bins.names[place]} went"
        f" from {reference[place]:.1%} to {recent[place]:.1%}"
    )


def explain_quiet(rows: int, times: Times) -> str:
    """Explain for which period there is no relevant change."""
    return f"no relevant change in {rows:,} predictions since {times.start(0)}"


def explain_small(drift: Drift, times: Times) -> str:
    """Explain that a detected change is too small to be relevant."""
    effect = "no recent row has a value"
    if drift.effect is not None:
        effect = (
            f"too small to be relevant: {drift.effect:.1%} of the recent rows have"
            f" moved ({drift.chance:.1%} are expected by chance)"
        )
    detection = _describe_detection(drift, times)
    return f"{drift.bins.name}: a change was {detection}; {effect}"


def explain_absent(features: Sequence[Drift], rows: int) -> list[str]:
    """Explain which features are not stored in all rows."""
    absent = [each.bins.name for each in features if each.absent]
    if not absent:
        return []
    return [
        f"{', '.join(absent)}: not stored in some of the {rows:,} rows"
        " (IRIS_DATABASE_OMIT), which are not compared"
    ]


def describe_coverage(accuracy: Accuracy) -> str:
    """Describe how many recent rows have labels, and the estimate without labels."""
    expected = (
        f"the accuracy estimated from confidence is {accuracy.expected:.3f}"
        if accuracy.expected is not None
        else "there is no recent prediction"
    )
    if not accuracy.labelled:
        return f"none of the {accuracy.rows:,} recent rows has a label; {expected}"
    return (
        f"{accuracy.labelled:,} of the {accuracy.rows:,} recent rows"
        f" ({accuracy.labelled / accuracy.rows:.0%}) have labels; {expected}"
    )
