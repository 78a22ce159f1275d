"""Mixed rows: passengers, with categories, booleans, integers and missing values."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.serving.contenders import (
    OURS,
    TUNED,
    Form,
    Message,
    Rows,
    fastapi,
    read_many,
    read_one,
    write_json,
)

TARGET = "outcome"
TRAINING_ROWS = 1000
PORTS = np.array(["Cherbourg", "Queenstown", "Southampton", None], dtype=object)


def draw_passengers(count: int, seed: int = 0) -> list[dict[str, Any]]:
    """Draw passengers; a quarter of the ages and of the ports are missing."""
    rng = np.random.default_rng(seed)
    age = rng.uniform(1, 80, count).round(1).astype(object)
    age[rng.integers(4, size=count) == 0] = None
    columns = {
        "deck": rng.integers(1, 4, count).tolist(),
        "sex": rng.choice(["female", "male"], count).tolist(),
        "age": age.tolist(),
        "siblings": rng.integers(0, 5, count).tolist(),
        "fare": rng.exponential(30, count).round(2).tolist(),
        "port": rng.choice(PORTS, count).tolist(),
        "alone": rng.choice([True, False], count).tolist(),
    }
    values = zip(*columns.values(), strict=True)
    return [dict(zip(columns, row, strict=True)) for row in values]


def write_table() -> str:
    """Write passengers with their outcome as CSV, to train with."""
    table = pd.DataFrame(draw_passengers(TRAINING_ROWS, seed=1))
    chance = np.where(table["sex"] == "female", 0.75, 0.2) - 0.05 * table["deck"]
    survives = np.random.default_rng(2).random(TRAINING_ROWS) < chance
    table[TARGET] = np.where(survives, "survived", "died")
    text: str = table.to_csv(index=False)
    return text


def write_first(rows: Rows) -> Message:
    """Write the first row."""
    return write_json(rows[0])


def write_instances(rows: Rows) -> Message:
    """Write all rows."""
    return write_json({"instances": rows})


def _forms(path: str) -> dict[str, Form]:
    return {
        "row": Form("/predict", write_first, read_one),
        "objects": Form(path, write_instances, read_many),
    }


CONTENDERS = [
    replace(OURS, forms=_forms("/predict/batch"), bulk="", draw=draw_passengers),
    replace(
        TUNED,
        command=fastapi("fastapi_mixed", TUNED.environment),
        forms=_forms("/predict/objects"),
        bulk="",
        draw=draw_passengers,
    ),
]
