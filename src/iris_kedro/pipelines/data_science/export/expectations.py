"""Describes the model's predictions for held-out rows in the contract."""

import numpy as np
import onnx
import pandas as pd

from iris_kedro.model.binning import CONFIDENCE_DIGITS, choose_edges, count_bins
from iris_kedro.model.contract import HeldOutStatistics
from iris_kedro.model.decision import DecisionRule
from iris_kedro.model.inputs import arrange
from iris_kedro.model.scoring import OnnxScorer
from iris_kedro.specification import Dataset


def describe_answers(
    model: onnx.ModelProto,
    test_data: pd.DataFrame,
    dataset: Dataset,
    rule: DecisionRule | None,
) -> HeldOutStatistics:
    """Summarize the model's predictions for the held-out rows, for monitoring."""
    classes = sorted(dataset.target.classes)
    scores = OnnxScorer(model).score(arrange(test_data, dataset.features))
    y = test_data[dataset.target.name].to_numpy(str)
    rule = rule or DecisionRule(classes)
    confidences = rule.find_confidences(scores.probabilities, scores.labels)
    rounded = np.round(confidences, CONFIDENCE_DIGITS)
    edges = choose_edges(rounded)
    return HeldOutStatistics(
        rows=len(y),
        correct=int((scores.labels == y).sum()),
        predictions=[int((scores.labels == name).sum()) for name in classes],
        mean_confidence=float(confidences.mean()),
        edges=edges,
        counts=count_bins(rounded, edges),
    )
