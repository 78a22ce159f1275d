"""Restore a backup into the stack: make restore FROM=FOLDER.

Run as ``python3 deploy/compose/backup/restore.py FOLDER``; it needs no packages. It
starts the stores, but nothing that uses them.
"""

import argparse
import json
import sys
from pathlib import Path

import stack
from create import DATABASES, MANIFEST, OBJECTS

# Owners of the restored tables; then the service databases assigns the watcher's to
# training.
OWNERS = {"mlflow": "mlflow", "predictions": "serving"}
COUNT_TABLES = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
# The label of containers that were started with docker compose run.
ONE_OFF = "com.docker.compose.oneoff=True"


def restore(folder: Path, *, replace: bool) -> None:
    """Restore a backup.

    The objects come first, and each database in one transaction, so that no row ever
    refers to a missing object.

    Args:
        folder: The folder of the backup.
        replace: Whether to delete the current data of the stack.

    Raises:
        BackupError: If the backup is damaged, a container of ``docker compose run`` is
            running, the stack is not empty, or a step fails.
    """
    check(folder)
    _require_no_runs()
    if replace:
        stack.run(*stack.ALL_PROFILES, "stop")
    stack.run("up", "--detach", "--wait", "postgres", "seaweedfs")
    _create_stores()
    if replace:
        _empty_stores()
    else:
        _require_empty_stores()
    stack.feed(folder / OBJECTS, *_in_bucket("import"))
    for database in DATABASES:
        program = stack.in_postgres(
            "pg_restore",
            f"--dbname={database}",
            "--no-owner",
            "--no-privileges",
            f"--role={OWNERS[database]}",
            "--single-transaction",
            "--exit-on-error",
        )
        stack.feed(folder / f"{database}.dump", *program)
    stack.run("run", "--rm", "-T", "databases")


def check(folder: Path) -> None:
    """Check that a backup is complete and unchanged.

    Raises:
        BackupError: If it is not.
    """
    manifest = folder / MANIFEST
    try:
        files = json.loads(manifest.read_text(encoding="utf-8"))["files"]
    except (OSError, ValueError, KeyError) as error:
        raise stack.BackupError(
            f"{folder} is not a backup: it has no readable {MANIFEST}"
        ) from error
    for name in [*(f"{database}.dump" for database in DATABASES), OBJECTS]:
        file = folder / name
        if not file.is_file():
            raise stack.BackupError(f"{file} is missing")
        if stack.compute_digest(file) != files.get(name, {}).get("sha256"):
            raise stack.BackupError(
                f"{file} is damaged: its SHA-256 is not the one in {MANIFEST}"
            )


def _require_no_runs() -> None:
    """Refuse to restore during manual runs, which ``docker compose stop`` ignores."""
    listed = stack.run(*stack.ALL_PROFILES, "ps", "--status=running", "--format=json")
    containers = [json.loads(line) for line in listed.splitlines()]
    if found := [each["Name"] for each in containers if ONE_OFF in each["Labels"]]:
        names = " ".join(sorted(found))
        raise stack.BackupError(
            f"containers of docker compose run use the stack: {names}. Wait until they"
            f" have exited, or stop them: docker stop {names}"
        )


def _create_stores() -> None:
    for service in ("databases", "bucket"):
        stack.run("run", "--rm", "-T", service)


def _require_empty_stores() -> None:
    found = []
    for database in DATABASES:
        query = stack.in_postgres(
            "psql",
            f"--dbname={database}",
            "--no-psqlrc",
            "--tuples-only",
            "--no-align",
            f"--command={COUNT_TABLES}",
        )
        if (tables := stack.run(*query)) != "0":
            found.append(f"{tables} tables in the database {database}")
    if (objects := stack.run(*_in_bucket("count"))) != "0":
        found.append(f"{objects} objects in the bucket")
    if found:
        raise stack.BackupError(
            f"the stack is not empty: it has {', '.join(found)}. REPLACE=1 (--replace)"
            " deletes them first"
        )


def _empty_stores() -> None:
    for database in DATABASES:
        drop = stack.in_postgres("dropdb", "--force", "--if-exists", database)
        stack.run(*drop)
    _create_stores()
    stack.run(*_in_bucket("clear"))


def _in_bucket(command: str) -> list[str]:
    """Return the command that runs a command of objects.py."""
    program = ["python3", "-c", stack.OBJECTS, command]
    return ["run", "--rm", "--no-deps", "-T", "mlflow", *program]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="the folder of the backup")
    parser.add_argument(
        "--replace", action="store_true", help="delete the current data of the stack"
    )
    given = parser.parse_args()
    try:
        restore(given.folder, replace=given.replace)
    except (stack.BackupError, OSError) as error:
        sys.exit(f"The backup was not restored: {error}")
    print(f"Restored {given.folder}. Start the stack with: make stack")
