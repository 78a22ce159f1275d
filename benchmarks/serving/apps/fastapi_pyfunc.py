"""The service of most tutorials: FastAPI with mlflow.pyfunc and an instrumentator.

Routes are plain functions, as FastAPI recommends for blocking work.
"""

import os
from typing import Annotated, Any

import mlflow.pyfunc
import pandas as pd
from fastapi import FastAPI
from prometheus_fastapi_instrumentator import Instrumentator
from pydantic import BaseModel, Field

Length = Annotated[float, Field(gt=0, le=30)]

model = mlflow.pyfunc.load_model(os.environ["MODEL_FOLDER"] + "/sklearn")


class Flower(BaseModel):
    """One row."""

    sepal_length: Length
    sepal_width: Length
    petal_length: Length
    petal_width: Length


class Objects(BaseModel):
    """Many rows as objects."""

    instances: list[Flower]


class Matrix(BaseModel):
    """Many rows as arrays."""

    data: list[tuple[Length, Length, Length, Length]]


app = FastAPI()
Instrumentator().instrument(app).expose(app)


@app.post("/predict")
def predict(flower: Flower) -> dict[str, Any]:
    """Predict one row."""
    return {"prediction": model.predict(pd.DataFrame([flower.model_dump()]))[0]}


@app.post("/predict/objects")
def predict_objects(body: Objects) -> dict[str, Any]:
    """Predict many rows given as objects."""
    rows = pd.DataFrame([flower.model_dump() for flower in body.instances])
    return {"predictions": model.predict(rows).tolist()}


@app.post("/predict/matrix")
def predict_matrix(body: Matrix) -> dict[str, Any]:
    """Predict many rows given as arrays."""
    rows = pd.DataFrame(body.data, columns=list(Flower.model_fields))
    return {"predictions": model.predict(rows).tolist()}
