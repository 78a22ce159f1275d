"""Measures the monitoring pipeline on a million predictions.

    python -m benchmarks.monitoring [--rows 1000000] [--url sqlite:///predictions.db]

It fills a new database like a service, then counts, evaluates and renders its content:
everything that the pipeline does, without Kedro and MLflow.
"""

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import sqlalchemy
import yaml

from benchmarks.contracts import CLASSES, make_contract
from iris_kedro.datasets.predictions import MOST_ROWS, Chunks, select_answers
from iris_kedro.gate.release import ReleasedModel
from iris_kedro.model.contract import Contract, HeldOutStatistics
from iris_kedro.monitoring.served import ServedPredictions
from iris_kedro.pipelines.monitoring.nodes import (
    count_windows,
    measure_drifts,
    measure_labels,
)
from iris_kedro.pipelines.monitoring.page import render_page
from iris_kedro.pipelines.monitoring.report import build_report
from iris_kedro.prediction_database import open_database
from iris_kedro.specification import Monitoring
from serving.database import schema, tables
from serving.database.engine import connect

PARAMETERS = Path(__file__).parents[1] / "conf/base/parameters_monitoring.yml"
NUMBERS, CATEGORIES = 6, ["red", "green", "blue"]
DAYS, LABELLED = 30, 0.2
INSERTED = 20_000  # rows per insert


def main() -> None:
    """Fill a database, monitor it, and print time and memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--url", help="URL of an empty database; by default a new file")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = arguments.url or f"sqlite:///{folder}/predictions.db"
        fill(url, arguments.rows)
        before, start = measure_memory(), time.perf_counter()
        report, seconds = monitor(url)
        print(f"{report['rows']:,} rows: {report['verdict']}")
        print(f"counting {seconds:.1f} s, all {time.perf_counter() - start:.1f} s")
        print(f"peak memory {measure_memory():.0f} MB, {before:.0f} MB before")


def fill(url: str, rows: int) -> None:
    """Write predictions of 30 days, a fifth of them with labels."""
    engine = connect(url)
    schema.upgrade(engine)
    generator = np.random.default_rng(0)
    times = np.linspace(0, DAYS * 86_400, rows, endpoint=False) + 1_790_000_000
    for first in range(0, rows, INSERTED):
        values = list(_draw(times[first : first + INSERTED], first, generator))
        labels = [
            {
                "prediction_id": each["prediction_id"],
                "row_index": 0,
                "label": each["prediction"],
                "received_at": each["predicted_at"],
            }
            for each in values[:: round(1 / LABELLED)]
        ]
        with engine.begin() as connection:
            connection.execute(sqlalchemy.insert(tables.predictions), values)
            connection.execute(sqlalchemy.insert(tables.feedback), labels)
    engine.dispose()


def monitor(url: str) -> tuple[dict[str, Any], float]:
    """Return the report, and the duration of counting in seconds."""
    parameters = yaml.safe_load(PARAMETERS.read_text())["monitoring"]
    monitoring = Monitoring.model_validate(parameters)
    model = ReleasedModel("1", describe().embed(onnx.ModelProto()))
    query = select_answers("benchmark", "1", 0)
    chunks = Chunks(open_database(url), query, MOST_ROWS)
    start = time.perf_counter()
    observed = count_windows(ServedPredictions(model, "1", chunks), monitoring)
    seconds = time.perf_counter() - start
    drifts = measure_drifts(observed, monitoring)
    accuracy = measure_labels(observed, monitoring)
    report = build_report(observed, drifts, accuracy, monitoring)
    render_page(report)
    return report, seconds


def describe() -> Contract:
    """Build the contract of a model that was trained on these rows."""
    generator = np.random.default_rng(1)
    rows = 2_000
    numbers = {
        f"number_{place}": generator.normal(size=rows).round(4)
        for place in range(NUMBERS)
    }
    colors = generator.choice(CATEGORIES, rows)
    held_out = HeldOutStatistics(
        rows=rows,
        correct=rows,
        predictions=[rows // 2, rows // 2],
        mean_confidence=0.9,
        edges=[0.9],
        counts=[rows, 0],
    )
    return make_contract("benchmark", numbers, colors, CATEGORIES, held_out)


def measure_memory() -> float:
    """Return the peak memory of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _draw(
    times: Any, first: int, generator: np.random.Generator
) -> Iterator[dict[str, Any]]:
    numbers = generator.normal(size=(len(times), NUMBERS)).round(4).tolist()
    colors = generator.choice(CATEGORIES, len(times)).tolist()
    answers = generator.choice(CLASSES, len(times)).tolist()
    for place, time_of_row in enumerate(times.tolist()):
        features = {f"number_{i}": each for i, each in enumerate(numbers[place])}
        answer = answers[place]
        other = CLASSES[1 - CLASSES.index(answer)]
        yield {
            "prediction_id": f"{first + place:032x}",
            "row_index": 0,
            "predicted_at": time_of_row,
            "model": "benchmark",
            "version": "1",
            "arm": "production",
            "request_id": f"{first + place:032x}",
            "route": "/predict",
            "features": json.dumps({**features, "color": colors[place]}),
            "prediction": answer,
            "probabilities": json.dumps({answer: 0.9, other: 0.1}),
        }


if __name__ == "__main__":
    main()
