"""Sentences that explain a verdict."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from iris_kedro.monitoring.accuracy import Accuracy
from iris_kedro.monitoring.bins import MISSING, UNKNOWN
from iris_kedro.monitoring.drift import Drift

SHOWN = 5  # drifting features with a sentence of their own
MOVED = 0.02  # of the rows: a change of the missing share that is worth a word


class Times(NamedTuple):
    """Tells when windows begin and end."""

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
    """Say what labels show, if they speak against the model."""
    reasons = []
    value = accuracy.value
    if accuracy.is_worse and value is not None:
        looks = [
            each for each in (accuracy.worse_at, accuracy.gap_at) if each is not None
        ]
        reasons.append(
            f"accuracy from {accuracy.labelled:,} labels is {value.value:.3f}"
            f" ({value.low:.3f} to {value.high:.3f}); on the {accuracy.held_out_rows:,}"
            f" held-out rows it was {accuracy.held_out.value:.3f}. The loss was shown"
            f" by {times.end(min(looks))}"
        )
    if accuracy.is_overconfident and accuracy.gap_at is not None:
        cause = (
            "features drift as well"
            if drifts
            else "no feature drifts, so that the same values now mean other classes"
        )
        reasons.append(
            f"labels contradict the model: its accuracy is {accuracy.gap:.3f} below its"
            f" mean confidence; on the held-out rows the gap was"
            f" {accuracy.expected_gap:.3f}. This was shown by"
            f" {times.end(accuracy.gap_at)}; {cause}"
        )
    return reasons


def explain_features(drifting: Sequence[Drift], times: Times) -> list[str]:
    """Say which features drift, the first few of them with their change."""
    reasons = [_explain_feature(each, times) for each in drifting[:SHOWN]]
    if len(drifting) > SHOWN:
        names = ", ".join(each.bins.name for each in drifting[SHOWN:])
        reasons.append(f"{len(drifting) - SHOWN} more features drift: {names}")
    return reasons


def _explain_feature(drift: Drift, times: Times) -> str:
    change = describe_change(drift)
    return f"{drift.bins.name} drifts: {change}, {_tell_since(drift, times)}"


def explain_answers(drift: Drift, times: Times) -> str:
    """Say how the distribution of predictions or confidence has changed."""
    return (
        f"the distribution of {drift.bins.name} in the answers has changed:"
        f" {describe_change(drift)}, {_tell_since(drift, times)}"
    )


def _tell_since(drift: Drift, times: Times) -> str:
    if drift.shown_at is None:
        return "not shown"
    return f"shown by {times.end(drift.shown_at)} (log e {max(drift.log_e):.1f})"


def describe_change(drift: Drift) -> str:
    """Say how much of the rows moved, and from which bin to which."""
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
    """Say from when on nothing has changed."""
    return (
        f"no change that matters is shown in {rows:,} predictions from"
        f" {times.start(0)} on"
    )


def explain_small(drift: Drift, times: Times) -> str:
    """Say that a change is shown which does not matter."""
    effect = "no recent row has a value"
    if drift.effect is not None:
        effect = (
            f"{drift.effect:.1%} of the recent rows have moved, and by chance"
            f" {drift.chance:.1%} would: too few to matter"
        )
    return f"{drift.bins.name}: a change is {_tell_since(drift, times)}; {effect}"


def explain_absent(features: Sequence[Drift], rows: int) -> list[str]:
    """Say which features are not stored in all rows."""
    absent = [each.bins.name for each in features if each.absent]
    if not absent:
        return []
    return [
        f"{', '.join(absent)}: values are not stored in all of the {rows:,} rows"
        " (IRIS_DATABASE_OMIT), so that drift can only be seen in the others"
    ]


def describe_coverage(accuracy: Accuracy) -> str:
    """Say how many of the recent rows have labels, and what is expected without."""
    expected = (
        f"its confidence promises an accuracy of {accuracy.expected:.3f}"
        if accuracy.expected is not None
        else "there is no recent prediction"
    )
    if not accuracy.labelled:
        return f"none of the {accuracy.rows:,} recent rows has a label; {expected}"
    return (
        f"{accuracy.labelled:,} of the {accuracy.rows:,} recent rows"
        f" ({accuracy.labelled / accuracy.rows:.0%}) have labels; {expected}"
    )
