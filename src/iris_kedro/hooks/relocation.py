"""Addresses of artifacts, corrected after the project's folder was moved or copied.

MLflow stores them absolute: a copy would read from the original, and write into it.
"""

import logging
import os
import sqlite3
from contextlib import closing
from pathlib import Path

from mlflow.utils.file_utils import local_file_uri_to_path

logger = logging.getLogger(__name__)

SQLITE = "sqlite:///"
TIMEOUT = 60  # s, while another run writes
# Columns with the locations of existing artifacts. Locations outside the project stay,
# such as those of another project that shares the database.
STORED = [
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "storage_location"),
]


def follow_move(project: Path, tracking_uri: str, location: str, wanted: str) -> None:
    """Update the locations in the project's own database after it was moved.

    Args:
        project: The project's folder.
        tracking_uri: Address of the database; one outside the folder is left alone.
        location: Where the experiment's artifacts are by the database.
        wanted: Where they are by the configuration.
    """
    database = Path(tracking_uri.removeprefix(SQLITE))
    is_own = tracking_uri.startswith(SQLITE) and database.is_relative_to(project)
    here = project.as_uri()
    inside = wanted.removeprefix(here)
    is_moved = location != wanted and location.endswith(inside)
    if not (is_own and wanted.startswith(here) and is_moved):
        return
    if os.access(database, os.W_OK):
        there = location.removesuffix(inside)
        _rewrite(database, there, here)
        logger.info(
            "The project was in %s before; MLflow's addresses now point here",
            local_file_uri_to_path(there),
        )


def _rewrite(database: Path, there: str, here: str) -> None:
    with closing(sqlite3.connect(database, timeout=TIMEOUT)) as connection, connection:
        connection.create_function("is_here", 1, _exists)
        connection.execute("BEGIN IMMEDIATE")
        _replace(connection, "experiments", "artifact_location", there, here)
        for table, column in STORED:
            _replace(connection, table, column, there, here, "is_here({new})")


def _replace(
    connection: sqlite3.Connection,
    table: str,
    column: str,
    there: str,
    here: str,
    condition: str = "true",
) -> None:
    new = f":here || substr({column}, length(:there) + 1)"
    connection.execute(
        f"UPDATE {table} SET {column} = {new}"  # noqa: S608  (the names are fixed)
        f" WHERE substr({column}, 1, length(:there)) = :there"
        f" AND {condition.format(new=new)}",
        {"there": f"{there}/", "here": f"{here}/"},
    )


def _exists(address: str) -> bool:
    return Path(local_file_uri_to_path(address)).exists()
