"""An expert's service for flowers: FastAPI, pydantic and ``tuned``.

Routes are coroutines.
"""

import time
from typing import Annotated, Any

import numpy as np
from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field
from tuned import answer, app, predict_tensors

CLASSES = ("setosa", "versicolor", "virginica")
Length = Annotated[float, Field(gt=0, le=30, allow_inf_nan=False)]


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


def predict_rows(rows: list[Any]) -> tuple[list[str], Any]:
    """Predict and count."""
    return predict_tensors({"features": np.array(rows, dtype=np.float32)})


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
