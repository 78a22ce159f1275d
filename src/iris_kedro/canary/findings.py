"""Effect sizes and evidence from the paired rows of a trial."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iris_kedro.canary.pairs import Pairs
from iris_kedro.evidence import combine, compare_mean, compare_pairs
from iris_kedro.specification import Canary

HIGHEST_LOG = 700.0  # greater e-values overflow


@dataclass(frozen=True)
class Findings:
    """Effect sizes, and their highest e-values.

    Attributes:
        rows: Rows that both models predicted.
        rows_at_share: Those of them since the last change of the share.
        errors: Requests on which the new version failed and the other one did not.
        agreement: Share of the rows with the same predicted class.
        labelled: Rows with a label.
        gained: Labelled rows that only the new version predicts correctly.
        lost: Labelled rows that only the other version predicts correctly.
        accuracy: Accuracy of the new version.
        other_accuracy: Accuracy of the other version.
        e_worse: Evidence that the new version loses more rows than it gains.
        e_not_worse: Evidence that its accuracy is lower by less than the margin.
        class_shift: Share of the predictions that have shifted to other classes.
        e_class_shift: Evidence that the class mix differs.
        confidence_loss: Difference of the mean confidences.
        e_less_sure: Evidence that the new version is less confident on more rows.
        slower: Share of the requests for which only the new version exceeds the latency
            budget, minus those for which only the other one does.
        e_slower: Evidence that the new version exceeds the budget more often.
    """

    rows: int = 0
    rows_at_share: int = 0
    errors: int = 0
    agreement: float = 1.0
    labelled: int = 0
    gained: int = 0
    lost: int = 0
    accuracy: float = 0.0
    other_accuracy: float = 0.0
    e_worse: float = 1.0
    e_not_worse: float = 1.0
    class_shift: float = 0.0
    e_class_shift: float = 1.0
    confidence_loss: float = 0.0
    e_less_sure: float = 1.0
    slower: float = 0.0
    e_slower: float = 1.0

    @property
    def loss(self) -> float:
        """Net loss of correct predictions, as a share of the labelled rows."""
        return (self.lost - self.gained) / self.labelled if self.labelled else 0.0


def evaluate(pairs: Pairs, parameters: Canary) -> Findings:
    """Compute effect sizes and evidence. The e-values are the highest of all looks.

    All rows are paired, so differences between times and clients cancel out. For each
    pair of counts, this is McNemar's test.
    """
    right, gained, lost, wrong = pairs.labels
    labelled = int(pairs.labels.sum())
    net = pairs.gained_by_class.sum(axis=1) - pairs.lost_by_class.sum(axis=1)
    rows = max(pairs.rows, 1)
    surer, less_sure = pairs.surer
    slow, other_slow, timed = pairs.slow
    return Findings(
        rows=pairs.rows,
        rows_at_share=pairs.rows_at_share,
        errors=pairs.errors,
        agreement=pairs.agreeing / rows if pairs.rows else 1.0,
        labelled=labelled,
        gained=int(gained.sum()),
        lost=int(lost.sum()),
        accuracy=float((right + gained).sum()) / max(labelled, 1),
        other_accuracy=float((right + lost).sum()) / max(labelled, 1),
        e_worse=_find_highest(compare_pairs(lost, gained, "greater")),
        e_not_worse=_find_highest(
            compare_mean(gained, lost, right + wrong, parameters.non_inferiority_margin)
        ),
        class_shift=float(np.abs(net).sum()) / 2 / rows,
        e_class_shift=_compare_classes(pairs),
        confidence_loss=pairs.confidence[1] - pairs.confidence[0],
        e_less_sure=_find_highest(compare_pairs(less_sure, surer, "greater")),
        slower=float((slow - other_slow).sum()) / max(int(timed.sum()), 1),
        e_slower=_find_highest(compare_pairs(slow, other_slow, "greater")),
    )


def _compare_classes(pairs: Pairs) -> float:
    processes = [
        compare_pairs(gained, lost)
        for gained, lost in zip(pairs.gained_by_class, pairs.lost_by_class, strict=True)
    ]
    return _find_highest(combine(np.array(processes))) if processes else 1.0


def _find_highest(log_e: NDArray[np.float64]) -> float:
    return float(np.exp(min(log_e.max(initial=0.0), HIGHEST_LOG)))  # it begins at 1
