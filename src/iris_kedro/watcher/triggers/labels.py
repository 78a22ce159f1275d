"""Labels that the service has received."""

from dataclasses import dataclass

from sqlalchemy import Engine, and_, func, inspect, select

from iris_kedro.prediction_database import feedback, predictions


@dataclass(frozen=True)
class Labels:
    """Labels that came after some time.

    Attributes:
        count: How many rows have one.
        until: When the last one came, in seconds since the epoch.
    """

    count: int = 0
    until: float | None = None


def count_labels(engine: Engine, model: str, since: float | None) -> Labels:
    """Count the predicted rows of a model whose label came, or changed, after a time.

    Raises:
        SQLAlchemyError: If the database cannot be read.
    """
    query = (
        select(func.count(), func.max(feedback.c.received_at))
        .select_from(feedback)
        .join(
            predictions,
            and_(
                predictions.c.prediction_id == feedback.c.prediction_id,
                predictions.c.row_index == feedback.c.row_index,
            ),
        )
        .where(predictions.c.model == model, feedback.c.received_at > (since or 0.0))
    )
    if not has_predictions(engine):
        return Labels()
    with engine.begin() as connection:
        count, until = connection.execute(query).one()
    return Labels(count, until)


def has_predictions(engine: Engine) -> bool:
    """Check whether a service has ever used the database."""
    with engine.begin() as connection:
        found = set(inspect(connection).get_table_names())
    return {"predictions", "feedback"} <= found
