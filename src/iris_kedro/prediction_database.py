"""The service's database of predictions and feedback, as training reads it.

Training and serving share no code: what both rely on is the names of the columns and
the version of the tables, which docs/loop.md describes.
"""

from pathlib import Path

import sqlalchemy
from sqlalchemy import Engine, column, inspect, table, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from iris_kedro.errors import ProjectError

REVISION = "0001"
VERSION_TABLE = "predictions_schema"
CONNECT_SECONDS = 5

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
)
feedback = table(
    "feedback",
    column("prediction_id"),
    column("row_index"),
    column("label"),
    column("received_at"),
)


def open_database(url: str) -> Engine:
    """Connect to the database that a service writes.

    Args:
        url: A URL of SQLAlchemy, as in the service's ``IRIS_DATABASE_URL``.

    Raises:
        ProjectError: If there is none, or its tables have another version.
    """
    address = make_url(url)
    is_sqlite = address.get_backend_name() == "sqlite"
    if is_sqlite and not Path(address.database or "").exists():
        raise ProjectError(
            f"there is no database of predictions at {address.database}: start the"
            " service with make serve, or set IRIS_DATABASE_URL to the service's"
        )
    arguments = {} if is_sqlite else {"connect_timeout": CONNECT_SECONDS}
    engine = sqlalchemy.create_engine(url, connect_args=arguments)
    revision = _read_revision(engine)
    if revision != REVISION:
        raise ProjectError(
            f"the database of predictions has tables of version {revision or 'none'},"
            f" and this project reads version {REVISION}: start the service of the"
            " same release once, which creates and updates them"
        )
    return engine


def _read_revision(engine: Engine) -> str | None:
    try:
        with engine.connect() as connection:
            if not inspect(connection).has_table(VERSION_TABLE):
                return None
            query = text(f"SELECT version_num FROM {VERSION_TABLE}")  # noqa: S608
            return connection.execute(query).scalar()
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", error)).strip().splitlines()[0]
        raise ProjectError(
            f"the database of predictions cannot be read"
            f" ({engine.url.render_as_string()}): {reason}"
        ) from error
