"""Stores predictions in a service's database, as if clients had sent rows for days."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import sqlalchemy

from iris_kedro.model.decision import DecisionRule
from iris_kedro.model.inputs import arrange
from iris_kedro.model.scoring import OnnxScorer
from serving.database import schema, tables
from serving.database.engine import connect

START = 1_790_000_000 // 3600 * 3600


def answer(model, contract, rows: pd.DataFrame) -> tuple[list[str], list[str]]:
    """Return the model's predictions and probabilities, the latter as JSON."""
    labels, probabilities = OnnxScorer(model).score(arrange(rows, contract.inputs))
    classes = DecisionRule.of(contract.target).classes
    texts = [
        json.dumps(dict(zip(classes, each, strict=True)))
        for each in probabilities.astype(float).round(6).tolist()
    ]
    return labels.tolist(), texts


def show(rows: pd.DataFrame, names: Sequence[str]) -> list[str]:
    """Return rows as JSON objects, as clients send them."""
    clean = rows[list(names)].astype(object).where(rows[list(names)].notna(), None)
    return [json.dumps(each) for each in clean.to_dict("records")]


def write(
    url: str,
    model: Any,
    contract: Any,
    rows: pd.DataFrame,
    *,
    hours: int,
    labels: Sequence[str | None] | None = None,
    version: str = "1",
    arm: str = "production",
    start: float = START,
    omit: Sequence[str] = (),
    name: str = "",
) -> None:
    """Insert rows that are evenly spread over some hours, with the known labels."""
    engine = connect(url)
    schema.upgrade(engine)
    predictions, probabilities = answer(model, contract, rows)
    names = [each for each in contract.inputs if each not in omit]
    times = start + np.linspace(0, hours * 3600, len(rows), endpoint=False)
    stem = f"{version}-{arm}-{int(start)}-{name}"
    values = [
        {
            "prediction_id": f"{stem}-{number}",
            "row_index": 0,
            "predicted_at": time,
            "model": name or contract.name,
            "version": version,
            "arm": arm,
            "request_id": "r",
            "route": "/predict",
            "features": features,
            "prediction": prediction,
            "probabilities": shares,
        }
        for number, (time, features, prediction, shares) in enumerate(
            zip(
                times.tolist(),
                show(rows, names),
                predictions,
                probabilities,
                strict=True,
            )
        )
    ]
    feedback = [
        {
            "prediction_id": f"{stem}-{number}",
            "row_index": 0,
            "label": label,
            "received_at": start,
        }
        for number, label in enumerate(labels or [])
        if label is not None
    ]
    with engine.begin() as connection:
        connection.execute(sqlalchemy.insert(tables.predictions), values)
        if feedback:
            connection.execute(sqlalchemy.insert(tables.feedback), feedback)
    engine.dispose()
