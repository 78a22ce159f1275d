"""The tables of predictions and feedback.

Training and monitoring also read them, by column names. docs/reference/database.md
describes them. A change requires a migration.
"""

from sqlalchemy import (
    Column,
    Double,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    text,
)

HAS_FAILED = "other_version IS NOT NULL AND other_prediction IS NULL"

metadata = MetaData()

predictions = Table(
    "predictions",
    metadata,
    # The id of the response, and the index of the row in the request.
    Column("prediction_id", String(40), primary_key=True),
    Column("row_index", Integer, primary_key=True, autoincrement=False),
    Column("predicted_at", Double, nullable=False),  # seconds since the epoch
    Column("model", Text, nullable=False),
    Column("version", Text, nullable=False),  # of the returned prediction
    Column("arm", Text, nullable=False),  # production or canary
    Column("request_id", Text, nullable=False),
    Column("route", Text, nullable=False),
    Column("features", Text, nullable=False),  # JSON: values by name
    Column("prediction", Text, nullable=False),
    Column("probabilities", Text, nullable=False),  # JSON: by class
    # The prediction of the other model, if there was one.
    Column("other_version", Text),
    Column("other_prediction", Text),
    Column("other_probabilities", Text),
    # The prediction time of each of the two models for the whole request.
    Column("seconds", Double),
    Column("other_seconds", Double),
    Index("predictions_by_time", "model", "predicted_at"),
    # The few rows for which the other model failed, which stop a canary.
    Index(
        "predictions_failed",
        "model",
        "predicted_at",
        sqlite_where=text(HAS_FAILED),
        postgresql_where=text(HAS_FAILED),
    ),
)

feedback = Table(
    "feedback",
    metadata,
    Column("prediction_id", String(40), primary_key=True),
    Column("row_index", Integer, primary_key=True, autoincrement=False),
    Column("label", Text, nullable=False),  # the last one received
    Column("received_at", Double, nullable=False),  # seconds since the epoch
    Index("feedback_by_time", "received_at"),
)
