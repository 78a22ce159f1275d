"""Nodes that judge a challenger and release it."""

import hashlib
from dataclasses import replace

import numpy as np
import onnx
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import recall_score

from iris_kedro.contract import Contract
from iris_kedro.parameters import Dataset, Gate
from iris_kedro.release import (
    Comparison,
    Decision,
    Performance,
    RegistryState,
    Release,
    ReleasedModel,
    Verdict,
)
from iris_kedro.scoring import OnnxScorer
from iris_kedro.split import is_held_out


def compute_fingerprint(challenger: onnx.ModelProto, gate: Gate) -> str:
    """Digest everything that a release depends on: data, code and parameters.

    What the training depended on comes from the challenger itself, which an earlier
    run may have trained with other parameters than today's.
    """
    parts = [Contract.read(challenger).training_fingerprint, gate]
    return hashlib.sha256("\n".join(str(part) for part in parts).encode()).hexdigest()


def compare(
    challenger: onnx.ModelProto,
    registry: RegistryState,
    fingerprint: str,
    test_data: pd.DataFrame,
    dataset: Dataset,
    gate: Gate,
) -> Comparison:
    """Compare the challenger with Production on the same held-out rows.

    Rows that Production was trained on, under another split, count for the
    challenger's own performance only.
    """
    performance, hits = _perform(challenger, test_data, dataset)
    alone = Comparison(
        len(test_data), performance, twin=registry.fingerprints.get(fingerprint)
    )
    production = registry.production
    if production is None:
        return alone
    alone = replace(alone, production_version=production.version)
    obstacle = _find_obstacle(challenger, production)
    if obstacle is not None:
        return replace(alone, obstacle=obstacle)
    unseen = _find_unseen(test_data, dataset, production.contract)
    if not unseen.any():
        obstacle = "Production was trained on every held-out row"
        return replace(alone, obstacle=obstacle)
    production_performance, production_hits = _perform(
        production.model, test_data[unseen], dataset
    )
    return replace(
        alone,
        shared_rows=int(unseen.sum()),
        production=production_performance,
        difference=float(hits[unseen].mean() - production_hits.mean()),
        interval=bootstrap_interval(hits[unseen], production_hits, gate),
    )


def bootstrap_differences(
    hits: NDArray[np.bool_], production_hits: NDArray[np.bool_], gate: Gate
) -> NDArray[np.float64]:
    """Return the difference in accuracy in each resample of the paired bootstrap.

    A row's difference is -1, 0 or 1, so a resample of the rows is a draw from the
    multinomial distribution of these three: the same bootstrap (Efron and
    Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13), at a cost that
    does not grow with the number of rows.

    Args:
        hits: Whether the challenger is right, of shape (rows,).
        production_hits: Whether Production is right, of shape (rows,).
        gate: Gives number of resamples and random state.
    """
    differences = hits.astype(int) - production_hits.astype(int)
    shares = [(differences == value).mean() for value in (-1, 0, 1)]
    generator = np.random.default_rng(gate.random_state)
    counts = generator.multinomial(len(hits), shares, size=gate.resamples)
    means: NDArray[np.float64] = (counts[:, 2] - counts[:, 0]) / len(hits)
    return means


def bootstrap_interval(
    hits: NDArray[np.bool_], production_hits: NDArray[np.bool_], gate: Gate
) -> tuple[float, float]:
    """Return the interval of the difference in accuracy, by its percentiles."""
    tail = (1 - gate.confidence) / 2
    means = bootstrap_differences(hits, production_hits, gate)
    low, high = np.quantile(means, [tail, 1 - tail])
    return float(low), float(high)


def decide(comparison: Comparison, gate: Gate) -> Decision:
    """Judge the challenger: floors first, then the difference from Production.

    A twin of a registered version is nothing new, unless it can fill an empty place.
    """
    failures = _check_floors(comparison.challenger, gate)
    is_wanted = comparison.production_version is None and not failures
    if comparison.twin is not None and not is_wanted:
        return Decision(
            Verdict.UNCHANGED,
            [f"version {comparison.twin} came from the same data, code and parameters"],
            promotes=False,
        )
    if comparison.obstacle is not None:
        failures.append(f"not comparable with Production: {comparison.obstacle}")
    if failures:
        return Decision(Verdict.UNFIT, failures, promotes=False)
    if comparison.interval is None or comparison.difference is None:
        return Decision(
            Verdict.FIRST_RELEASE,
            ["there is no Production model to compare with"],
            promotes=True,
        )
    decision = _judge_difference(comparison.difference, comparison.interval, gate)
    if comparison.shared_rows and comparison.interval == (0, 0):
        decision.reasons.append(_limit_of(comparison.shared_rows))
    return decision


def release(
    challenger: onnx.ModelProto,
    comparison: Comparison,
    decision: Decision,
    fingerprint: str,
    report: str,
    card: str,
) -> Release:
    """Hand the judged challenger to the registry, once its model card is written."""
    return Release(
        model=challenger,
        decision=decision,
        compared_with=comparison.production_version,
        fingerprint=fingerprint,
        report=report,
        card=card,
    )


def _perform(
    model: onnx.ModelProto, rows: pd.DataFrame, dataset: Dataset
) -> tuple[Performance, NDArray[np.bool_]]:
    X = rows[dataset.columns].to_numpy(float)
    y = rows[dataset.target.name].to_numpy(str)
    scorer = OnnxScorer(model)
    labels = scorer.score(X).labels
    present = sorted(set(y))
    recalls = recall_score(y, labels, labels=present, average=None, zero_division=0)
    hits = labels == y
    return Performance(
        accuracy=float(hits.mean()),
        recalls=dict(zip(present, map(float, recalls), strict=True)),
        latency_ms=scorer.measure_latency(X[0]),
    ), hits


def _find_obstacle(
    challenger: onnx.ModelProto, production: ReleasedModel
) -> str | None:
    ours, theirs = Contract.read(challenger), production.contract
    names = [feature.name for feature in ours.features]
    their_names = [feature.name for feature in theirs.features]
    if names != their_names:
        return f"it has the features {', '.join(their_names)}"
    if ours.target.classes != theirs.target.classes:
        return f"it has the classes {', '.join(theirs.target.classes)}"
    return None


def _find_unseen(
    test_data: pd.DataFrame, dataset: Dataset, contract: Contract
) -> NDArray[np.bool_]:
    return is_held_out(
        test_data[dataset.columns], contract.split.salt, contract.split.test_share
    )


def _check_floors(performance: Performance, gate: Gate) -> list[str]:
    failures = []
    if performance.accuracy < gate.minimum_accuracy:
        failures.append(
            f"accuracy {performance.accuracy:.3f} is below the minimum"
            f" {gate.minimum_accuracy:g}"
        )
    failures += [
        f"recall of {name} {recall:.3f} is below the minimum {gate.minimum_recall:g}"
        for name, recall in performance.recalls.items()
        if recall < gate.minimum_recall
    ]
    if performance.latency_ms > gate.latency_budget_ms:
        failures.append(
            f"a prediction takes {performance.latency_ms:.2f} ms, more than the budget"
            f" of {gate.latency_budget_ms:g} ms"
        )
    return failures


def _judge_difference(
    difference: float, interval: tuple[float, float], gate: Gate
) -> Decision:
    low, high = interval
    found = (
        f"the difference in accuracy is {difference:+.3f}, {gate.confidence:.0%}"
        f" interval {low:+.3f} to {high:+.3f}"
    )
    if low > 0:
        return Decision(
            Verdict.BETTER, [found, "the whole interval is above zero"], True
        )
    if low >= -gate.margin:
        return Decision(
            Verdict.NOT_WORSE,
            [found, f"the interval holds no loss above the margin {gate.margin:g}"],
            promotes=True,
        )
    return Decision(
        Verdict.WORSE,
        [found, f"a loss greater than the margin {gate.margin:g} is possible"],
        promotes=False,
    )


def _limit_of(rows: int) -> str:
    """Say what equal results leave open, by the rule of three.

    J. A. Hanley and A. Lippman-Hand, "If Nothing Goes Wrong, Is Everything All Right?",
    JAMA 249 (1983): what never happened in n trials has a rate below 3/n with 95 %
    confidence.
    """
    return (
        f"both are right on the same rows; {rows} of them would not show a loss"
        f" below {min(1, 3 / rows):.3f}"
    )
