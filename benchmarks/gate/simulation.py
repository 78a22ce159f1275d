"""Verdicts of the gate on simulated pairs of models."""

from dataclasses import replace

import numpy as np

from benchmarks.gate.scenarios import Pair, Scenario
from iris_kedro.gate.comparing import (
    Comparison,
    compare_answers,
)
from iris_kedro.gate.judging import judge
from iris_kedro.gate.performance import Performance
from iris_kedro.gate.release import Verdict
from iris_kedro.gate.statistics.intervals import Estimate
from iris_kedro.specification import Gate

GATE = Gate(
    minimum_accuracy=0.01,
    minimum_recall=0.01,
    maximum_calibration_error=0.99,
    latency_budget_ms=1,
    non_inferiority_margin=0.05,
    confidence=0.95,
    resamples=1_000,
    random_state=0,
)
# Passes all floors, because only the difference matters here.
FIT = Performance(0.1, 0.9, {}, Estimate(0, 0, 0), 0.1)
SHOWN = Estimate(1, 0.5, 1.5)


def decide(pair: Pair, gate: Gate = GATE) -> Verdict:
    """Return the gate's verdict on a pair of challenger and Production."""
    difference = compare_answers("version 1", *pair, gate)
    comparison = Comparison(
        rows=difference.rows,
        challenger=FIT,
        baseline=replace(difference, log_loss_reduction=SHOWN),
        production_version="1",
        difference=difference,
    )
    return judge(comparison, gate).verdict


def simulate(
    scenario: Scenario, rows: int, rounds: int, gate: Gate = GATE
) -> dict[str, float]:
    """Return how often the gate gives each verdict."""
    generator = np.random.default_rng(rows)
    verdicts = [decide(scenario(rows, generator), gate) for _ in range(rounds)]
    return {str(each): verdicts.count(each) / rounds for each in Verdict}
