"""An expert's code around a model: ONNX Runtime, orjson, metrics.

ONNX Runtime has one thread, responses are written by orjson without a response model,
and metric labels are looked up once.
"""

import os
import time
from functools import cache
from typing import Any

import onnxruntime
import orjson
from fastapi import FastAPI, Response
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Histogram, generate_latest

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
session = onnxruntime.InferenceSession(
    os.environ["MODEL_FOLDER"] + "/model.onnx",
    options,
    providers=["CPUExecutionProvider"],
)
by_class = cache(Counter("predictions", "Rows predicted", ["prediction"]).labels)
by_route = cache(
    Histogram("http_request_duration_seconds", "Time", ["route", "status"]).labels
)

app = FastAPI()


def predict_tensors(tensors: dict[str, Any]) -> tuple[list[str], Any]:
    """Predict and count."""
    labels, probabilities = session.run(None, tensors)
    labels = labels.tolist()
    for label in set(labels):
        by_class(label).inc(labels.count(label))
    return labels, probabilities


def answer(route: str, started: float, body: dict[str, Any]) -> Response:
    """Write a response and measure it."""
    content = orjson.dumps(body, option=orjson.OPT_SERIALIZE_NUMPY)
    by_route(route, "200").observe(time.perf_counter() - started)
    return Response(content, media_type="application/json")


@app.get("/metrics")
async def metrics() -> Response:
    """Return the metrics."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
