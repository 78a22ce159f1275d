"""The MLflow model registry: resolves aliases and downloads model files."""

import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from serving.config import Config
from serving.model.onnx_model import ModelRefusedError, Version
from serving.model.status import format_time
from serving.model.store import MODEL_FILE
from serving.model.store.files import DISK_FULL
from serving.monitoring.logs import redact
from serving.registry.choice import DIGEST_TAG, find_model
from serving.registry.history import MOST_VERSIONS, describe_history
from serving.registry.registry import RegistryReplacedError, RegistryUnreachableError

if TYPE_CHECKING:
    from mlflow import MlflowClient

SQLITE = "sqlite:///"
HTTP_SECONDS = 10
NOT_FOUND = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")

T = TypeVar("T")


class MlflowRegistry:
    """The MLflow model registry."""

    def __init__(self, config: Config, served: str | None = None) -> None:
        self._uri = config.tracking_uri
        self._name = config.model_name
        self._served = served
        self._alias = config.alias
        self._client: MlflowClient | None = None
        self._file_identity: int | None = None

    def resolve(self, alias: str) -> Version | None:
        """Return the version with an alias, or None.

        Raises:
            RegistryUnreachableError: If the registry cannot be reached.
            RegistryReplacedError: If its database file has been replaced.
            AmbiguousModelError: If several models have the alias.
        """
        with self._connected() as client:
            served = self._served
            name = self._name or _find(find_model, client, self._alias, served)
            found = name and _find(client.get_model_version_by_alias, name, alias)
        if not found:
            return None
        self._served = found.name
        return Version(
            name=found.name,
            version=str(found.version),
            run_id=found.run_id or "",
            digest=found.tags.get(DIGEST_TAG, ""),
            alias=alias,
            created_at=format_time(found.creation_timestamp / 1000) or "",
            tags=dict(found.tags),
        )

    def read_history(self) -> dict[str, Any] | None:
        """Return the newest versions, those with an alias, and the events.

        Without a registered model, it returns None.

        Raises:
            RegistryUnreachableError: If the registry does not answer.
            RegistryReplacedError: If its database file has been replaced.
        """
        name = self._name or self._served
        if name is None:
            return None
        with self._connected() as client:
            model = _find(client.get_registered_model, name)
            if model is None:
                return None
            quote = '"' if "'" in name else "'"
            newest = client.search_model_versions(
                f"name = {quote}{name}{quote}",
                max_results=MOST_VERSIONS,
                order_by=["version_number DESC"],
            )
            listed = {int(each.version) for each in newest}
            missing = {int(number) for number in model.aliases.values()} - listed
            older = [
                _find(client.get_model_version, name, str(number))
                for number in sorted(missing, reverse=True)
            ]
        return describe_history(model, [*newest, *filter(None, older)])

    def download(self, version: Version, folder: Path) -> Path:
        """Download only the model file of a version.

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
            if number := _find_disk_error(error):
                raise OSError(number, os.strerror(number)) from None
            raise ModelRefusedError("download", redact(str(error))) from None
        return Path(path)

    @contextmanager
    def _connected(self) -> Iterator["MlflowClient"]:
        """Connect; translate what is raised when the registry does not answer."""
        from mlflow.exceptions import MlflowException  # noqa: PLC0415
        from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415

        self._check_file()
        try:
            yield self._connect()
        except (MlflowException, OSError, SQLAlchemyError) as error:
            raise RegistryUnreachableError(redact(str(error))) from None

    def _connect(self) -> "MlflowClient":
        """Connect on first use: the import alone takes seconds."""
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
            # Downloads read these globals and ignore URIs passed as arguments.
            mlflow.set_tracking_uri(self._uri)
            mlflow.set_registry_uri(self._uri)
            self._client = mlflow.MlflowClient()
        return self._client

    def _check_file(self) -> None:
        """Raise if MLflow would create or migrate the SQLite file."""
        if not self._uri.startswith(SQLITE):
            return
        file = Path(self._uri.removeprefix(SQLITE))
        try:
            identity = file.stat().st_ino
        except OSError as error:
            message = f"{file} cannot be read: {error.strerror}"
            raise RegistryUnreachableError(message) from None
        if self._file_identity not in (None, identity):
            raise RegistryReplacedError
        if self._file_identity is None and _is_being_set_up(file):
            raise RegistryUnreachableError(f"{file} is being created by a run")
        self._file_identity = identity


def _find(get: Callable[..., T], *arguments: Any) -> T | None:
    """Get an entity of the registry; None if there is no such entity."""
    from mlflow.exceptions import MlflowException  # noqa: PLC0415
    from mlflow.tracking.registry import (  # noqa: PLC0415
        UnsupportedModelRegistryStoreURIException,
    )

    try:
        return get(*arguments)
    except UnsupportedModelRegistryStoreURIException:
        raise  # it has the same code as an unknown alias
    except MlflowException as error:
        if error.error_code in NOT_FOUND:
            return None
        raise


def _is_being_set_up(file: Path) -> bool:
    """Return whether a run is creating the tables of a database.

    Every process that finds no tables creates them, and all but one would fail. The
    lock alone proves nothing: every run holds it from start to end.
    """
    return _is_locked(Path(f"{file}.lock")) and not _has_all_tables(file)


def _is_locked(lock: Path) -> bool:
    try:
        with lock.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _has_all_tables(file: Path) -> bool:
    """Return whether a SQLite file has all of MLflow's tables."""
    import mlflow.store.db.utils  # noqa: F401, PLC0415 -- fills the metadata below
    from mlflow.store.db.base_sql_model import Base  # noqa: PLC0415

    uri = f"{file.absolute().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(uri, uri=True)) as database:
            rows = database.execute("SELECT name FROM sqlite_master").fetchall()
    except sqlite3.Error:
        return False
    return {name for (name,) in rows} >= set(Base.metadata.tables)


def _find_disk_error(error: BaseException) -> int | None:
    """Return the errno of a full disk, which MLflow wraps or quotes; None otherwise."""
    texts = [str(cause) for cause in _causes(error)]
    found = (n for n in DISK_FULL if any(os.strerror(n) in text for text in texts))
    return next(found, None)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
