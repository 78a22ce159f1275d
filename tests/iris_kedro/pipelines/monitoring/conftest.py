"""Streams of predictions, and what monitoring says of them."""

import json
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
import pytest

from benchmarks.contracts import CLASSES, make_contract
from iris_kedro.gate.release import ReleasedModel
from iris_kedro.model.contract import Contract, HeldOutStatistics
from iris_kedro.monitoring.served import Chunk, ServedPredictions
from iris_kedro.pipelines.monitoring.nodes import (
    count_windows,
    measure_drifts,
    measure_labels,
)
from iris_kedro.pipelines.monitoring.report import build_report
from iris_kedro.specification import Monitoring

COLORS = ["red", "blue"]


@pytest.fixture(scope="session")
def monitoring(read_parameters):
    file = "parameters_monitoring.yml"
    return Monitoring.model_validate(read_parameters(file, "monitoring"))


def draw(generator, rows, shift=0.0):
    """Return sizes, colors, confidences and whether the prediction is right."""
    sizes = generator.normal(shift, 1, rows)
    colors = generator.choice(COLORS, rows, p=[0.7, 0.3]).astype(object)
    confidences = generator.uniform(0.8, 1, rows).round(4)
    return sizes, colors, confidences, generator.random(rows) < confidences


@pytest.fixture(scope="session")
def contract():
    """Return a contract of a calibrated model with a number and a category."""
    generator = np.random.default_rng(42)
    sizes, colors, confidences, right = draw(generator, 400)
    sizes[:40] = np.nan
    edges = [0.85, 0.9, 0.95]
    held_out = HeldOutStatistics(
        rows=400,
        correct=int(right.sum()),
        predictions=[200, 200],
        mean_confidence=float(confidences.mean()),
        edges=edges,
        counts=np.bincount(np.searchsorted(edges, confidences)).tolist(),
    )
    return make_contract("things", {"size": sizes}, colors, COLORS, held_out, "accept")


@dataclass
class Stream:
    """Predictions of some hours.

    Attributes:
        contract: Of the model.
        monitoring: Parameters.
        hours: How many there are.
        rows: In each of them.
        labelled: Share of the rows with a label.
        change: Called with the drawn columns and the hours, to change them.
    """

    contract: Contract
    monitoring: Monitoring
    hours: int = 72
    rows: int = 60
    labelled: float = 0.2
    seed: int = 0
    newest_version: str = "2"
    changes: dict[str, Any] = field(default_factory=dict)

    def chunks(self):
        generator = np.random.default_rng(self.seed)
        count = self.hours * self.rows
        sizes, colors, confidences, right = draw(generator, count)
        columns = {
            "hour": np.repeat(np.arange(self.hours), self.rows),
            "size": np.where(generator.random(count) < 0.1, np.nan, sizes),
            "color": colors,
            "confidence": confidences,
            "right": right,
        }
        for name in self.changes.keys() - {"answer"}:
            columns[name] = self.changes[name](columns)
        columns["answer"] = generator.integers(0, 2, count)
        if "answer" in self.changes:
            columns["answer"] = self.changes["answer"](columns)
        answers = columns["answer"]
        labels = np.where(columns["right"], answers, 1 - answers)
        known = generator.random(count) < self.labelled
        half = count // 2
        for part in (slice(half, None), slice(0, half)):  # in no particular order
            yield Chunk(
                times=(1_790_000_000 // 3600 + columns["hour"][part]) * 3600.0,
                features=[
                    json.dumps({"size": None if np.isnan(s) else s, "color": c})
                    for s, c in zip(
                        columns["size"][part].tolist(),
                        columns["color"][part].tolist(),
                        strict=True,
                    )
                ],
                predictions=[CLASSES[each] for each in answers[part]],
                probabilities=[
                    json.dumps({CLASSES[a]: p, CLASSES[1 - a]: 1 - p})
                    for a, p in zip(
                        answers[part].tolist(),
                        columns["confidence"][part].tolist(),
                        strict=True,
                    )
                ],
                labels=[
                    CLASSES[label] if is_known else None
                    for label, is_known in zip(labels[part], known[part], strict=True)
                ],
            )

    def report(self) -> dict[str, Any]:
        model = ReleasedModel("2", self.contract.embed(onnx.ModelProto()))
        chunks = self.chunks() if self.hours else []
        served = ServedPredictions(model, self.newest_version, chunks)
        observed = count_windows(served, self.monitoring)
        return build_report(
            observed,
            measure_drifts(observed, self.monitoring),
            measure_labels(observed, self.monitoring),
            self.monitoring,
        )


@pytest.fixture
def observe(contract, monitoring):
    """Return a function that reports on a stream."""

    def observe(contract=contract, minimum_effect=0.1, **settings):
        parameters = monitoring.model_copy(update={"minimum_effect": minimum_effect})
        return Stream(contract, parameters, **settings).report()

    return observe
