"""Accepts feedback: checks ids, writes labels and counts them."""

import time
from collections.abc import Iterator

from sqlalchemy import Engine

from serving.database.feedback.writing import (
    Key,
    UnknownPredictionsError,
    Written,
    write_feedback,
)
from serving.database.thread import DatabaseThread
from serving.monitoring.model_metrics.feedback import FeedbackMetrics
from serving.schemas.feedback import FeedbackRequest
from serving.schemas.issues import InvalidInputError, ValidationIssue

# How long a request waits for the database, and later ones with feedback for it.
SECONDS = 0.25
SECONDS_PER_ROW = 0.0001  # about five times as long as SQLite needs

UNKNOWN_ID = (
    "is not the id of a stored prediction; new predictions are stored within a second"
)
UNKNOWN_ROW = "is not a row of this prediction"


class FeedbackInbox:
    """Accepts feedback on predictions in the database."""

    def __init__(self, engine: Engine) -> None:
        self._thread = DatabaseThread(engine)

    def start(self) -> None:
        """Start its thread; after the fork."""
        self._thread.start()

    def stop(self) -> None:
        """Stop its thread."""
        self._thread.stop()

    def take(
        self, request: FeedbackRequest, model: str, metrics: FeedbackMetrics
    ) -> Written:
        """Write all feedback of a request, or none; the last label of a row counts.

        Raises:
            InvalidInputError: If a row is not in the database.
            DatabaseUnavailableError: If the database cannot be used at the moment.
        """
        labels = {item.key: item.label for item in request.items}
        received_at = time.time()
        try:
            written: Written = self._thread.run(
                lambda connection: write_feedback(
                    connection, model, labels, received_at
                ),
                metrics.record,
                SECONDS + SECONDS_PER_ROW * len(labels),
            )
        except UnknownPredictionsError as error:
            issues = _describe(request, error.keys, error.known_ids)
            raise InvalidInputError.collect(issues) from None
        return written


def _describe(
    request: FeedbackRequest, unknown: set[Key], known_ids: set[str]
) -> Iterator[ValidationIssue]:
    for index, item in enumerate(request.items):
        if item.key in unknown:
            if item.prediction_id in known_ids:
                yield request.describe(index, "row", UNKNOWN_ROW)
            else:
                yield request.describe(index, "prediction_id", UNKNOWN_ID)
