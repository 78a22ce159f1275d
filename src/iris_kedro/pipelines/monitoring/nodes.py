"""Nodes that compare predictions and labels with the statistics of the contract."""

from typing import NamedTuple

from iris_kedro.errors import ProjectError
from iris_kedro.model.contract import Contract, HeldOutStatistics
from iris_kedro.monitoring.accuracy import Accuracy, find_margin, measure_accuracy
from iris_kedro.monitoring.bins import Bins, bin_answers, bin_features
from iris_kedro.monitoring.counting import Counter, Counts
from iris_kedro.monitoring.drift import Drift, measure_drift
from iris_kedro.monitoring.served import ServedPredictions
from iris_kedro.specification import Monitoring


class Observed(NamedTuple):
    """The counted predictions and labels of a version."""

    version: str
    newest_version: str
    contract: Contract
    held_out: HeldOutStatistics
    features: list[Bins]
    answers: list[Bins]
    counts: Counts

    def choose_alpha(self, monitoring: Monitoring) -> float:
        """Return the false-alarm probability of each comparison.

        For all features, predictions, confidence and the two comparisons of accuracy
        together, it is at most ``monitoring.alpha``.
        """
        return monitoring.alpha / (len(self.features) + 4)


class Drifts(NamedTuple):
    """Drift of each feature, and of the answers: predictions and confidence."""

    features: list[Drift]
    answers: list[Drift]


def count_windows(predictions: ServedPredictions, monitoring: Monitoring) -> Observed:
    """Count the values, answers and labels of each window.

    Raises:
        ProjectError: If the model's contract lacks the statistics to compare with.
    """
    version, contract = predictions.model.version, predictions.model.contract
    try:
        features = bin_features(contract)
        classes, confidence = bin_answers(contract)
    except ValueError as error:
        raise ProjectError(
            f"version {version} of {contract.name} cannot be monitored: {error},"
            " because it was trained by an older release. Train again with kedro run;"
            " if the gate keeps the old version, use kedro model promote VERSION"
        ) from error
    held_out = contract.held_out
    assert held_out is not None  # noqa: S101  (bin_answers has checked)
    counter = Counter(
        features,
        classes,
        confidence,
        seconds=monitoring.window_minutes * 60,
        margin=find_margin(held_out, monitoring),
    )
    for chunk in predictions.chunks:
        counter.add(chunk)
    return Observed(
        version=version,
        newest_version=predictions.newest_version,
        contract=contract,
        held_out=held_out,
        features=features,
        answers=[classes, confidence],
        counts=counter.result(),
    )


def measure_drifts(observed: Observed, monitoring: Monitoring) -> Drifts:
    """Measure the drift of each feature, of the predictions and of the confidence."""
    alpha = observed.choose_alpha(monitoring)

    def measure(bins: Bins) -> Drift:
        return measure_drift(bins, observed.counts, monitoring, alpha)

    return Drifts(
        [measure(each) for each in observed.features],
        [measure(each) for each in observed.answers],
    )


def measure_labels(observed: Observed, monitoring: Monitoring) -> Accuracy:
    """Measure accuracy from labels, and estimate it without labels."""
    return measure_accuracy(
        observed.held_out,
        observed.counts,
        monitoring,
        observed.choose_alpha(monitoring),
    )
