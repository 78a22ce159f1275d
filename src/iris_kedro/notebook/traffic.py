"""Clients of the service, which send rows and later feedback."""

import time
from collections.abc import Sequence

import pandas as pd
import sqlalchemy

from iris_kedro.notebook.service import Service, write_requests
from iris_kedro.prediction_database import predictions
from iris_kedro.specification import Dataset

PATIENCE = 30.0  # seconds to wait until predictions are stored, on a busy machine
SECONDS_PER_HOUR = 3600


def send_rows(
    service: Service, rows: pd.DataFrame, dataset: Dataset, size: int
) -> list[str]:
    """Send rows in requests of ``size`` rows; return the id of each answer."""
    instances = write_requests(rows, dataset)
    return [
        service.post("/predict/batch", {"instances": instances[start : start + size]})[
            "prediction_id"
        ]
        for start in range(0, len(instances), size)
    ]


def report_labels(
    service: Service, ids: Sequence[str], labels: Sequence[str], step: int = 1
) -> int:
    """Send the correct class of every ``step``-th row; return the number of new labels.

    Args:
        service: The service that predicted.
        ids: The ids that ``send_rows`` returned.
        labels: The classes of all rows, in the same order.
        step: 2 for every second row, and so on.

    Raises:
        RuntimeError: If the service does not accept them in time.
    """
    size = -(-len(labels) // len(ids))
    body = {
        "feedback": [
            {"prediction_id": ids[place // size], "row": place % size, "label": label}
            for place, label in list(enumerate(labels))[::step]
        ]
    }
    end = time.monotonic() + PATIENCE
    # A prediction is stored shortly after the response, and unknown until then.
    while "new" not in (answer := service.post("/feedback", body)):
        if time.monotonic() > end:
            raise RuntimeError(f"the service does not accept labels: {answer}")
        time.sleep(0.1)
    return int(answer["new"])


def spread_over_hours(database: str, ids: Sequence[str]) -> None:
    """Move each request to its own hour, as if it had been sent then.

    Args:
        database: URL of the database of predictions.
        ids: Ids of the requests, oldest first; the last one is an hour old.
    """
    now = time.time()
    engine = sqlalchemy.create_engine(database)
    with engine.begin() as connection:
        for place, each in enumerate(reversed(ids), start=1):
            connection.execute(
                sqlalchemy.update(predictions)
                .where(predictions.c.prediction_id == each)
                .values(predicted_at=now - place * SECONDS_PER_HOUR)
            )
    engine.dispose()
