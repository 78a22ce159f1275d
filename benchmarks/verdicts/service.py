"""A simulated service, from the training of its model to the monitoring report."""

import json
from typing import Any, NamedTuple

import numpy as np
import onnx
import yaml
from numpy.typing import NDArray

from benchmarks.contracts import CLASSES, HELD_OUT, make_contract
from benchmarks.monitoring import PARAMETERS
from iris_kedro.gate.release import ReleasedModel
from iris_kedro.model.binning import choose_edges, count_bins
from iris_kedro.model.contract import Contract, HeldOutStatistics
from iris_kedro.monitoring.served import Chunk, ServedPredictions
from iris_kedro.pipelines.monitoring.nodes import (
    count_windows,
    measure_drifts,
    measure_labels,
)
from iris_kedro.pipelines.monitoring.report import build_report
from iris_kedro.specification import Monitoring

LABELLED = 0.2
COLORS, SHARES = ["red", "green", "blue"], [0.5, 0.3, 0.2]
HOUR = 3600.0


class Service(NamedTuple):
    """A service whose first feature shifts after some time.

    Attributes:
        training_rows: Number of training rows.
        features: Number of features; the last one is a category, all others are normal.
        rate: Rows per hour.
        quiet: Hours before the change.
        hours: Hours in total.
        shift: Shift of the first feature, in standard deviations.
    """

    training_rows: int
    features: int
    rate: int
    quiet: int
    hours: int
    shift: float = 0.0


class _Rows(NamedTuple):
    numbers: NDArray[np.float64]
    colors: NDArray[np.str_]
    answers: NDArray[np.int64]
    confidences: NDArray[np.float64]
    is_right: NDArray[np.bool_]


def report(service: Service, seed: list[int]) -> dict[str, Any]:
    """Train a model, send rows to it, and return the report of the real nodes."""
    generator = np.random.default_rng(seed)
    model = ReleasedModel("1", _describe(service, generator).embed(onnx.ModelProto()))
    parameters = yaml.safe_load(PARAMETERS.read_text())["monitoring"]
    monitoring = Monitoring.model_validate(parameters)
    served = ServedPredictions(model, "1", [_serve(service, generator)])
    observed = count_windows(served, monitoring)
    drifts = measure_drifts(observed, monitoring)
    labels = measure_labels(observed, monitoring)
    return build_report(observed, drifts, labels, monitoring)


def _draw(rows: int, features: int, generator: np.random.Generator) -> _Rows:
    confidences = generator.uniform(0.7, 1, rows).round(3)
    return _Rows(
        generator.normal(size=(rows, features - 1)).round(4),
        generator.choice(COLORS, rows, p=SHARES),
        generator.integers(len(CLASSES), size=rows),
        confidences,
        generator.random(rows) < confidences,
    )


def _serve(service: Service, generator: np.random.Generator) -> Chunk:
    rows = _draw(service.hours * service.rate, service.features, generator)
    hours = np.repeat(np.arange(service.hours), service.rate)
    rows.numbers[hours >= service.quiet, 0] += service.shift
    classes = np.array(CLASSES)
    labels = classes[np.where(rows.is_right, rows.answers, 1 - rows.answers)]
    is_labelled = generator.random(len(hours)) < LABELLED
    return Chunk(
        times=(hours * HOUR).tolist(),
        features=[
            json.dumps(dict(enumerate(numbers)) | {"color": color})
            for numbers, color in zip(
                rows.numbers.tolist(), rows.colors.tolist(), strict=True
            )
        ],
        predictions=classes[rows.answers].tolist(),
        probabilities=[
            json.dumps({CLASSES[answer]: share, CLASSES[1 - answer]: 1 - share})
            for answer, share in zip(
                rows.answers.tolist(), rows.confidences.tolist(), strict=True
            )
        ],
        labels=np.where(is_labelled, labels, None).tolist(),
    )


def _describe(service: Service, generator: np.random.Generator) -> Contract:
    train = _draw(service.training_rows, service.features, generator)
    numbers = {str(place): values for place, values in enumerate(train.numbers.T)}
    held_out = _hold_out(service, generator)
    return make_contract("simulated", numbers, train.colors, COLORS, held_out)


def _hold_out(service: Service, generator: np.random.Generator) -> HeldOutStatistics:
    rows = round(service.training_rows * HELD_OUT / (1 - HELD_OUT))
    held_out = _draw(rows, service.features, generator)
    edges = choose_edges(held_out.confidences)
    return HeldOutStatistics(
        rows=rows,
        correct=int(held_out.is_right.sum()),
        predictions=np.bincount(held_out.answers, minlength=2).tolist(),
        mean_confidence=float(held_out.confidences.mean()),
        edges=edges,
        counts=count_bins(held_out.confidences, edges),
    )
