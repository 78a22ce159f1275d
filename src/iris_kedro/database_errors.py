"""Explains database errors, for training and the watcher."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from iris_kedro.errors import ProjectError


@contextmanager
def explain_database_errors(engine: Engine) -> Iterator[None]:
    """Convert errors of a database to short ones, with its URL.

    Raises:
        ProjectError: If the database cannot be reached, read or written.
    """
    try:
        yield
    except SQLAlchemyError as error:
        message = str(getattr(error, "orig", None) or error).strip()
        reason = (message or type(error).__name__).splitlines()[0].rstrip(".")
        raise ProjectError(
            f"the database {_name(engine)} cannot be used: {reason}."
            " Its URL is set in IRIS_DATABASE_URL"
        ) from error


def read_revision(connection: Connection, version_table: str) -> str | None:
    """Return the version of a program's tables; None if there are none."""
    if not inspect(connection).has_table(version_table):
        return None
    query = text(f"SELECT version_num FROM {version_table}")  # noqa: S608
    return connection.execute(query).scalar()


def explain_revision(
    engine: Engine, tables: str, found: str, needed: str
) -> ProjectError:
    """Explain that the tables belong to another release.

    Args:
        engine: The database.
        tables: The owner of the tables: ``service`` or ``watcher``.
        found: Their version.
        needed: The version that this release needs.
    """
    # Versions are numbers of four digits.
    release, advice = (
        ("a later", "use that release, or set IRIS_DATABASE_URL to another database")
        if found > needed
        else ("an earlier", f"start the {tables} of this release, which upgrades them")
    )
    return ProjectError(
        f"the tables of the {tables} in the database {_name(engine)} have version"
        f" {found} of {release} release, and this one needs version {needed}: {advice}"
    )


def _name(engine: Engine) -> str:
    return engine.url.render_as_string()  # without the password
