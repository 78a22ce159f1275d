"""Registries with a canary or a guard, and a database of what they answered."""

import json
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from sqlalchemy import insert

from iris_kedro.prediction_database import open_database
from iris_kedro.registry import Cause, Trial
from serving.database import schema, tables
from serving.database.engine import connect

SHARE = 0.05


@pytest.fixture
def url(tmp_path):
    url = f"sqlite:///{tmp_path / 'predictions.db'}"
    schema.upgrade(connect(url))
    return url


@pytest.fixture
def engine(url):
    return open_database(url)


@pytest.fixture
def running(registry, register):
    """Return a registry with version 1 in Production and 2 as the canary."""
    register(registry)
    register(registry, canary_share=SHARE)
    return registry


@pytest.fixture
def guarded(running):
    """Return a registry with version 2 in Production, guarded against version 1."""
    running.promote_canary("2", Cause("not worse"))
    return running


@pytest.fixture
def answer(url):
    """Return a function that writes rows which both models have predicted.

    ``rows`` are (prediction, other prediction, label or none).
    """
    ids = count(1)

    def answer(trial, rows, after_hours=0.0, sure=(0.9, 0.9), **changes):
        at = (trial.since + timedelta(hours=after_hours)).timestamp()
        predictions, labels = [], []
        for ours, theirs, label in rows:
            key = {"prediction_id": f"id {next(ids)}", "row_index": 0}
            predictions.append(
                {
                    **key,
                    "predicted_at": at,
                    "model": "iris",
                    "version": trial.version,
                    "arm": "canary",
                    "request_id": "request",
                    "route": "/predict",
                    "features": "{}",
                    "prediction": ours,
                    "probabilities": json.dumps({ours: sure[0]}),
                    "other_version": trial.against,
                    "other_prediction": theirs,
                    "other_probabilities": json.dumps({theirs: sure[1]}),
                    **changes,
                }
            )
            if label is not None:
                labels.append({**key, "label": label, "received_at": at + 60})
        with connect(url).begin() as connection:
            connection.execute(insert(tables.predictions), predictions)
            if labels:
                connection.execute(insert(tables.feedback), labels)

    return answer


@pytest.fixture
def make_trial():
    """Return a function that makes a canary at 5 % since noon, or another trial."""

    def make_trial(**changes):
        noon = datetime(2026, 11, 1, 12, tzinfo=UTC)
        fields = {
            "kind": "canary",
            "version": "2",
            "against": "1",
            "since": noon,
            "share": SHARE,
            "share_since": noon,
        }
        return Trial(**{**fields, **changes})

    return make_trial
