"""Node that reports scored rows, rejected rows and drift."""

import math
from typing import Any, NamedTuple

import numpy as np

from iris_kedro.gate.release import ReleasedModel
from iris_kedro.model.contract import Contract
from iris_kedro.monitoring.bins import Bins
from iris_kedro.monitoring.counting import Counts as Windows
from iris_kedro.monitoring.drift import Drift, measure_drift
from iris_kedro.monitoring.report.drifts import describe_drift
from iris_kedro.scoring.bins import ReferenceBins
from iris_kedro.scoring.counts import Counts
from iris_kedro.scoring.job import ScoredRows
from iris_kedro.specification import BatchInference, Monitoring


class Drifts(NamedTuple):
    """Drift of each feature, and of predictions and confidence, by name."""

    features: dict[str, Drift]
    answers: dict[str, Drift]


def build_report(
    scored: ScoredRows,
    model: ReleasedModel,
    batch_inference: BatchInference,
    monitoring: Monitoring,
) -> dict[str, Any]:
    """Collect all figures in one document, which docs/how-to/scale.md describes."""
    contract, total = model.contract, Counts.add_up(scored.parts)
    alpha = choose_alpha(contract, monitoring)
    drifts = measure_drifts(total, contract, monitoring, alpha)
    held_out = contract.held_out
    return {
        "model": contract.name,
        "version": model.version,
        "source": batch_inference.source,
        "target": scored.target,
        "rows": total.rows,
        "scored": total.scored,
        "rejected": total.rows - total.scored,
        "rejects": dict(total.rejected.most_common()),
        "out_of_range": dict(total.out_of_range.most_common()),
        "predictions": {
            name: total.predictions[name] for name in contract.target.classes
        },
        "mean_confidence": total.confidence / total.scored if total.scored else None,
        "expected_confidence": held_out.mean_confidence if held_out else None,
        "threshold": -math.log(alpha),
        "parameters": monitoring.model_dump(include={"alpha", "minimum_effect"}),
        "features": {
            name: describe_drift(each) for name, each in drifts.features.items()
        },
        "answers": {
            name: describe_drift(each) for name, each in drifts.answers.items()
        },
        "parts": len(scored.parts),
        "resumed_parts": scored.resumed,
        "seconds": scored.seconds,
    }


def choose_alpha(contract: Contract, monitoring: Monitoring) -> float:
    """Return the false-alarm probability of each comparison.

    For all features, predictions and confidence together, it is ``monitoring.alpha``.
    """
    return monitoring.alpha / (len(contract.features) + 2)


def measure_drifts(
    total: Counts, contract: Contract, monitoring: Monitoring, alpha: float
) -> Drifts:
    """Compare the sampled rows with the training rows, in one look.

    Args:
        total: The counts of all parts.
        contract: Contains the reference.
        monitoring: Defines which effects are relevant.
        alpha: False-alarm probability of each comparison.
    """
    bins = ReferenceBins.of(contract)

    def measure(each: Bins, counts: list[int]) -> Drift:
        look = Windows(
            windows=np.zeros(1, np.int64),
            sums={"rows": np.array([sum(counts)], float)},
            bins={each.name: np.array([counts])},
            bets=np.zeros((1, 0)),
            absent={},
            last=None,
        )
        return measure_drift(each, look, monitoring, alpha)

    return Drifts(
        {each.name: measure(each, total.features[each.name]) for each in bins.features},
        {
            name: measure(each, total.answers[name])
            for name, each in bins.answers.items()
        },
    )
