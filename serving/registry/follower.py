"""The follower: a process of its own that keeps the store at the registry's alias.

Run as ``python -m serving.registry.follower``, or by gunicorn's master. The only
module that imports MLflow, so that the processes that predict stay small and start
fast.
"""

import argparse
import errno
import fcntl
import os
import select
import signal
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from serving.config import Config
from serving.model.onnx_model import ModelRefusedError, Version
from serving.model.status import explain_missing_model
from serving.model.store import CURRENT, MODEL_FILE, Store
from serving.monitoring.logs import configure_logging, redact
from serving.registry.sync import Intake, Registry, RegistryUnreachableError

if TYPE_CHECKING:
    from mlflow import MlflowClient

DIGEST_TAG = "file_digest"
SQLITE = "sqlite:///"
HTTP_SECONDS = 10


class RegistryReplacedError(Exception):
    """Another database lies where the registry's was."""


class MlflowRegistry:
    """The MLflow registry, as far as following needs it."""

    def __init__(self, config: Config) -> None:
        self._uri = config.tracking_uri
        self._name = config.model_name
        self._client: MlflowClient | None = None
        self._file_identity: int | None = None

    def resolve(self, alias: str) -> Version | None:
        """Return the version that has an alias, None if none has.

        Raises:
            RegistryUnreachableError: If the registry does not answer.
            RegistryReplacedError: If it is a new database.
        """
        from mlflow.exceptions import MlflowException  # noqa: PLC0415
        from mlflow.tracking.registry import (  # noqa: PLC0415
            UnsupportedModelRegistryStoreURIException,
        )

        self._check_file()
        try:
            found = self._connect().get_model_version_by_alias(self._name, alias)
        except UnsupportedModelRegistryStoreURIException as error:
            raise RegistryUnreachableError(redact(str(error))) from None
        except MlflowException as error:
            if error.error_code in (
                "RESOURCE_DOES_NOT_EXIST",
                "INVALID_PARAMETER_VALUE",
            ):
                return None
            raise RegistryUnreachableError(redact(str(error))) from None
        except _connection_errors() as error:
            raise RegistryUnreachableError(redact(str(error))) from None
        return Version(
            name=found.name,
            version=str(found.version),
            run_id=found.run_id or "",
            digest=found.tags.get(DIGEST_TAG, ""),
            alias=alias,
            tags=dict(found.tags),
        )

    def download(self, version: Version, folder: Path) -> Path:
        """Download a version's model file, nothing else of it.

        Raises:
            ModelRefusedError: If the version has no such file.
            OSError: If the disk is full.
        """
        from mlflow.artifacts import download_artifacts  # noqa: PLC0415
        from mlflow.exceptions import MlflowException  # noqa: PLC0415

        uri = f"models:/{version.name}/{version.version}/{MODEL_FILE}"
        try:
            path = download_artifacts(
                uri,
                dst_path=str(folder),
            )
        except (MlflowException, OSError) as error:
            if _says_disk_full(error):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from None
            raise ModelRefusedError("download", redact(str(error))) from None
        return Path(path)

    def _connect(self) -> "MlflowClient":
        """Connect when first needed: the import alone takes seconds."""
        if self._client is None:
            import mlflow  # noqa: PLC0415
            from mlflow import environment_variables as settings  # noqa: PLC0415

            for setting, value in (
                (settings.MLFLOW_HTTP_REQUEST_TIMEOUT, HTTP_SECONDS),
                (settings.MLFLOW_HTTP_REQUEST_MAX_RETRIES, 1),
                (settings.MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR, False),
            ):
                if not setting.is_set():
                    setting.set(value)
            # Downloads look models up by these, whatever is passed to them.
            mlflow.set_tracking_uri(self._uri)
            mlflow.set_registry_uri(self._uri)
            self._client = mlflow.MlflowClient()
        return self._client

    def _check_file(self) -> None:
        """Miss a SQLite file rather than have MLflow create an empty one."""
        if self._uri.startswith(SQLITE):
            file = Path(self._uri.removeprefix(SQLITE))
            if not file.exists():
                raise RegistryUnreachableError(f"{file} does not exist")
            if _is_locked(Path(f"{file}.lock")):
                raise RegistryUnreachableError(f"{file} is being set up by a run")
            identity = file.stat().st_ino
            if self._file_identity not in (None, identity):
                raise RegistryReplacedError
            self._file_identity = identity


def run(registry: Registry, config: Config, *, with_parent: bool) -> None:
    """Follow until stopped, or until the parent is gone."""
    intake = Intake(registry, Store(config.store), config)
    while True:
        intake.poll()
        if not _pause(config.follow_seconds or 1.0, with_parent=with_parent):
            return


def _is_locked(lock: Path) -> bool:
    """Say whether a run holds its lock: then MLflow is still making the tables.

    It makes them anew in every process that finds some missing, and one would fail.
    """
    if not lock.exists():
        return False
    with lock.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def fetch(registry: Registry, config: Config) -> None:
    """Look at the registry once; end with the reason if there is nothing to serve."""
    store = Store(config.store)
    Intake(registry, store, config).poll()
    if store.published(CURRENT) is None:
        sys.exit(explain_missing_model(store.read_report(), config))


def main() -> None:
    """Run the follower."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--once",
        action="store_true",
        help="fill the store and end, with an error if it stays empty",
    )
    parser.add_argument(
        "--with-parent",
        action="store_true",
        help="end when standard input closes, which is when the parent ends",
    )
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGINT, lambda *_: sys.exit(0))
    config = Config.from_env()
    configure_logging(config)
    if arguments.once:
        fetch(MlflowRegistry(config), config)
        return
    try:
        run(MlflowRegistry(config), config, with_parent=arguments.with_parent)
    except RegistryReplacedError:
        # MLflow keeps its connections to the old file: only a new process forgets it.
        command = [sys.executable, "-m", "serving.registry.follower", *sys.argv[1:]]
        os.execv(sys.executable, command)  # noqa: S606 -- our own command


def _pause(seconds: float, *, with_parent: bool) -> bool:
    """Wait; say whether to go on."""
    if not with_parent:
        time.sleep(seconds)
        return True
    closed, _, _ = select.select([sys.stdin], [], [], seconds)
    return not closed


def _connection_errors() -> tuple[type[Exception], ...]:
    """Return what a connection raises; the image has no SQLAlchemy, only servers."""
    if find_spec("sqlalchemy") is None:
        return (OSError,)
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415

    return (OSError, SQLAlchemyError)


def _says_disk_full(error: BaseException) -> bool:
    """Look for a full disk: MLflow wraps or quotes the original error."""
    text = os.strerror(errno.ENOSPC)
    return any(text in str(cause) for cause in _causes(error))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


if __name__ == "__main__":
    main()
