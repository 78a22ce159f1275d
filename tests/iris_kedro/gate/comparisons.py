"""Comparisons of models, good and bad ones."""

from dataclasses import replace

from iris_kedro.gate.comparing import Comparison, Difference
from iris_kedro.gate.performance import Performance
from iris_kedro.gate.statistics.intervals import Estimate
from iris_kedro.specification import Gate

GATE = Gate(
    minimum_accuracy=0.9,
    minimum_recall=0.8,
    maximum_calibration_error=0.1,
    latency_budget_ms=5.0,
    non_inferiority_margin=0.05,
    confidence=0.95,
    resamples=2_000,
    random_state=0,
)
GOOD = Performance(
    log_loss=0.1,
    accuracy=0.95,
    recalls={"a": 0.9, "b": 1.0},
    calibration_error=Estimate(0.05, 0.01, 0.09),
    latency_ms=0.1,
)
# The verdicts that follow from an interval, from bad to good.
WORSE, INCONCLUSIVE, NOT_WORSE, BETTER = (
    (-0.3, -0.1),
    (-0.3, 0.1),
    (-0.02, 0.02),
    (0.1, 0.3),
)


def differ(low, high, other="version 1", gained=1, lost=1, p_value=1.0, **others):
    return Difference(
        other=other,
        rows=50,
        log_loss_reduction=Estimate((low + high) / 2, low, high),
        accuracy_gain=Estimate((gained - lost) / 50, -0.1, 0.1),
        gained=gained,
        lost=lost,
        p_value=p_value,
        **others,
    )


ALONE = Comparison(50, GOOD, baseline=differ(0.5, 1, "class frequencies"))


def compare(interval, challenger=GOOD, **others):
    return replace(
        ALONE,
        challenger=challenger,
        production_version="1",
        production=GOOD,
        difference=differ(*interval),
        **others,
    )
