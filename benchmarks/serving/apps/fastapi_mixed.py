"""An expert's service for passengers: FastAPI, pydantic and ``tuned``."""

import time
from typing import Annotated, Any, Literal

import numpy as np
from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field
from tuned import answer, app, predict_tensors

CLASSES = ("died", "survived")


class Passenger(BaseModel):
    """One row; an integer is accepted as a float."""

    model_config = ConfigDict(extra="forbid", strict=True)

    deck: Annotated[int, Field(ge=0, le=5)]
    sex: Literal["female", "male"]
    age: Annotated[float, Field(ge=0, le=200, allow_inf_nan=False)] | None
    siblings: Annotated[int, Field(ge=0, le=20)]
    fare: Annotated[float, Field(ge=0, le=10_000, allow_inf_nan=False)]
    port: Literal["Cherbourg", "Queenstown", "Southampton"] | None
    alone: bool


class Objects(BaseModel):
    """Many rows as objects."""

    instances: Annotated[list[Passenger], Field(min_length=1, max_length=100_000)]


def predict_rows(rows: list[Passenger]) -> tuple[list[str], Any]:
    """Predict and count; NumPy converts a missing number to NaN."""
    numbers = [(row.deck, row.age, row.siblings, row.fare, row.alone) for row in rows]
    categories = [(row.sex, row.port or "") for row in rows]
    return predict_tensors(
        {
            "numbers": np.array(numbers, dtype=np.float32),
            "categories": np.array(categories, dtype=object),
        }
    )


@app.post("/predict")
async def predict(passenger: Passenger) -> Response:
    """Predict one row."""
    started = time.perf_counter()
    (label,), probabilities = predict_rows([passenger])
    by_name = dict(zip(CLASSES, probabilities[0].tolist(), strict=True))
    return answer("/predict", started, {"prediction": label, "probabilities": by_name})


@app.post("/predict/objects")
async def predict_objects(body: Objects) -> Response:
    """Predict many rows given as objects."""
    started = time.perf_counter()
    labels, probabilities = predict_rows(body.instances)
    return answer(
        "/predict/objects",
        started,
        {"predictions": labels, "probabilities": probabilities},
    )
