"""What an expert writes by hand: FastAPI, pydantic, ONNX Runtime, prometheus_client.

Answers are written by orjson and not through a response model, labels of metrics are
looked up once, ONNX Runtime has one thread, and routes are coroutines.
"""

import os
import time
from typing import Annotated, Any

import numpy as np
import onnxruntime
import orjson
from fastapi import FastAPI, Response
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Histogram, generate_latest
from pydantic import BaseModel, ConfigDict, Field

CLASSES = ("setosa", "versicolor", "virginica")
Length = Annotated[float, Field(gt=0, le=30, allow_inf_nan=False)]

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
session = onnxruntime.InferenceSession(
    os.environ["MODEL_FOLDER"] + "/model.onnx",
    options,
    providers=["CPUExecutionProvider"],
)
seconds = Histogram("http_request_duration_seconds", "Time", ["route", "status"])
predictions = Counter("predictions", "Rows predicted", ["prediction"])
by_class = {label: predictions.labels(label) for label in CLASSES}
by_route = {
    route: seconds.labels(route, "200")
    for route in ("/predict", "/predict/objects", "/predict/matrix")
}


class Flower(BaseModel):
    """One row."""

    model_config = ConfigDict(extra="forbid", strict=True)

    sepal_length: Length
    sepal_width: Length
    petal_length: Length
    petal_width: Length


class Objects(BaseModel):
    """Many rows as objects."""

    instances: Annotated[list[Flower], Field(min_length=1, max_length=100_000)]


class Matrix(BaseModel):
    """Many rows as arrays."""

    data: Annotated[
        list[tuple[Length, Length, Length, Length]],
        Field(min_length=1, max_length=100_000),
    ]


app = FastAPI()


def predict_rows(rows: list[Any]) -> tuple[list[str], Any]:
    """Predict and count."""
    labels, probabilities = session.run(
        None, {"features": np.array(rows, dtype=np.float32)}
    )
    labels = labels.tolist()
    for label in set(labels):
        by_class[label].inc(labels.count(label))
    return labels, probabilities


def answer(route: str, started: float, body: dict[str, Any]) -> Response:
    """Write an answer and measure it."""
    content = orjson.dumps(body, option=orjson.OPT_SERIALIZE_NUMPY)
    by_route[route].observe(time.perf_counter() - started)
    return Response(content, media_type="application/json")


@app.post("/predict")
async def predict(flower: Flower) -> Response:
    """Predict one row."""
    started = time.perf_counter()
    row = (
        flower.sepal_length,
        flower.sepal_width,
        flower.petal_length,
        flower.petal_width,
    )
    (label,), probabilities = predict_rows([row])
    by_name = dict(zip(CLASSES, probabilities[0].tolist(), strict=True))
    return answer("/predict", started, {"prediction": label, "probabilities": by_name})


@app.post("/predict/objects")
async def predict_objects(body: Objects) -> Response:
    """Predict many rows given as objects."""
    started = time.perf_counter()
    labels, probabilities = predict_rows(
        [
            (f.sepal_length, f.sepal_width, f.petal_length, f.petal_width)
            for f in body.instances
        ]
    )
    return answer(
        "/predict/objects",
        started,
        {"predictions": labels, "probabilities": probabilities},
    )


@app.post("/predict/matrix")
async def predict_matrix(body: Matrix) -> Response:
    """Predict many rows given as arrays."""
    started = time.perf_counter()
    labels, probabilities = predict_rows(body.data)
    return answer(
        "/predict/matrix",
        started,
        {"predictions": labels, "probabilities": probabilities},
    )


@app.get("/metrics")
async def metrics() -> Response:
    """Answer a scrape."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
