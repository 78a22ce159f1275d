"""The service's database of predictions and feedback, as read by training.

Training and serving share no code. Both rely on the column names and the version of the
tables, which docs/reference/database.md describes.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy
from sqlalchemy import Engine, column, select, table
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from iris_kedro.database_errors import (
    explain_database_errors,
    explain_revision,
    read_revision,
)
from iris_kedro.errors import ProjectError

if TYPE_CHECKING:
    from sqlalchemy import Select

REVISION = "0001"
VERSION_TABLE = "predictions_schema"
CONNECT_SECONDS = 5
BUSY_SECONDS = 5  # timeout while another process writes to the SQLite file

predictions = table(
    "predictions",
    column("prediction_id"),
    column("row_index"),
    column("predicted_at"),
    column("model"),
    column("version"),
    column("arm"),
    column("request_id"),
    column("route"),
    column("features"),
    column("prediction"),
    column("probabilities"),
    column("other_version"),
    column("other_prediction"),
    column("other_probabilities"),
    column("seconds"),
    column("other_seconds"),
)
feedback = table(
    "feedback",
    column("prediction_id"),
    column("row_index"),
    column("label"),
    column("received_at"),
)
labelled_predictions = predictions.join(
    feedback,
    (feedback.c.prediction_id == predictions.c.prediction_id)
    & (feedback.c.row_index == predictions.c.row_index),
)


def connect(url: str, options: str = "") -> Engine:
    """Create an engine, which connects when it is first used.

    Args:
        url: An SQLAlchemy URL.
        options: Server options for libpq; not for SQLite.
    """
    if make_url(url).get_backend_name() == "sqlite":
        return sqlalchemy.create_engine(url, connect_args={"timeout": BUSY_SECONDS})
    return sqlalchemy.create_engine(
        url,
        pool_pre_ping=True,
        connect_args={"connect_timeout": CONNECT_SECONDS, "options": options},
    )


def open_database(url: str) -> Engine:
    """Connect to the database that a service writes.

    Args:
        url: An SQLAlchemy URL, as in the service's ``IRIS_DATABASE_URL``.

    Raises:
        ProjectError: If it does not exist, has no tables of the service, or tables of
            another release.
    """
    address = make_url(url)
    is_sqlite = address.get_backend_name() == "sqlite"
    if is_sqlite and not Path(address.database or "").exists():
        raise ProjectError(
            f"there is no database of predictions at {address.database}: start the"
            " service with make serve, or set IRIS_DATABASE_URL to the service's"
        )
    engine = connect(url)
    with explain_database_errors(engine), engine.connect() as connection:
        revision = read_revision(connection, VERSION_TABLE)
    if revision is None:
        raise ProjectError(
            f"the database {engine.url.render_as_string()} has no tables of the service"
            f" (none is named {VERSION_TABLE}): start the service, which creates them,"
            " or set IRIS_DATABASE_URL to the database that it writes"
        )
    if revision != REVISION:
        raise explain_revision(engine, "service", revision, REVISION)
    return engine


def locate(url: str, folder: str | Path) -> str:
    """Return a URL with a relative SQLite path resolved below a folder.

    Raises:
        ProjectError: If the URL is empty or invalid.
    """
    if not url:
        raise ProjectError(
            "IRIS_DATABASE_URL is empty, so predictions are not stored: set it to the"
            " database of predictions that the service writes"
        )
    try:
        address = make_url(url)
        address.get_dialect()
    except (ArgumentError, ImportError, ValueError) as error:
        # Without the URL and the port, which may contain parts of a password.
        reason = (
            "its port is not a number"
            if isinstance(error, ValueError)
            else _shorten(error)
        )
        raise ProjectError(
            f"IRIS_DATABASE_URL is not the URL of a database ({reason}): set it, for"
            " example, to sqlite:///predictions.db or"
            " postgresql+psycopg://user:password@host/database"
        ) from error
    name = address.database
    if address.get_backend_name() != "sqlite" or not name:
        return url
    located = address.set(database=str(Path(folder, name)))
    return located.render_as_string(hide_password=False)


def select_labelled(model: str) -> "Select[Any]":
    """Select the labelled predictions of a model, of all versions, oldest first."""
    columns = (
        predictions.c.prediction_id,
        predictions.c.row_index,
        predictions.c.predicted_at,
        feedback.c.label,
        predictions.c.features,
    )
    return (
        select(*columns)
        .select_from(labelled_predictions)
        .where(predictions.c.model == model)
        .order_by(
            predictions.c.predicted_at,
            predictions.c.prediction_id,
            predictions.c.row_index,
        )
    )


def _shorten(error: object) -> str:
    """Return the first line of an error of the database or its driver."""
    return str(error).strip().splitlines()[0].rstrip(".")
