import errno
import os
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import datetime

import pytest
from filelock import FileLock

from serving.model.onnx_model import ModelRefusedError
from serving.registry.mlflow_registry import MlflowRegistry
from serving.registry.registry import RegistryUnreachableError

pytestmark = pytest.mark.slow  # MLflow's import takes seconds


@pytest.fixture
def followed(registry, config) -> MlflowRegistry:
    return MlflowRegistry(replace(config, tracking_uri=registry.uri))


def test_resolve_returns_version_and_tags(followed, registry, iris_bytes, describe):
    version = registry.release(iris_bytes)

    found = followed.resolve("Production")

    assert found.version == version
    assert found.digest == describe(iris_bytes, version).digest
    assert found.tags["verdict"] == "released"


def test_resolve_returns_the_run_and_time_of_the_version(
    followed, registry, iris_bytes
):
    run = registry.client.create_run(experiment_id="0")
    client, source = registry.client, registry.artifact(registry.register(iris_bytes))
    version = client.create_model_version("iris", str(source), run.info.run_id)
    registry.promote(version.version)

    found = followed.resolve("Production")

    assert found.run_id == run.info.run_id
    created = datetime.fromisoformat(found.created_at).timestamp()
    assert created == version.creation_timestamp // 1000


def test_resolve_returns_none_without_the_alias(followed, registry, iris_bytes):
    registry.register(iris_bytes)

    assert followed.resolve("Production") is None


def test_resolve_returns_none_without_the_model(registry, config):
    other = replace(config, tracking_uri=registry.uri, model_name="other")

    assert MlflowRegistry(other).resolve("Production") is None


def test_a_missing_database_is_not_created(registry, followed):
    registry.file.unlink()

    with pytest.raises(RegistryUnreachableError, match="No such file"):
        followed.resolve("Production")

    assert not registry.file.exists()


@pytest.mark.parametrize("statements", ["", "DROP TABLE webhooks"])
def test_a_database_without_all_tables_is_left_to_the_run_that_creates_them(
    registry, followed, iris_bytes, statements
):
    version = registry.release(iris_bytes)
    complete = registry.file.read_bytes()
    if not statements:
        registry.file.write_bytes(b"")
    with closing(sqlite3.connect(registry.file)) as database:
        database.executescript(statements)
    unchanged = registry.file.read_bytes()

    with FileLock(f"{registry.file}.lock"):
        with pytest.raises(RegistryUnreachableError, match="being created"):
            followed.resolve("Production")

    assert registry.file.read_bytes() == unchanged
    registry.file.write_bytes(complete)
    assert followed.resolve("Production").version == version


def test_a_run_that_holds_the_lock_hides_no_complete_database(
    registry, followed, iris_bytes
):
    version = registry.release(iris_bytes)

    with FileLock(f"{registry.file}.lock"):
        assert followed.resolve("Production").version == version


def test_a_damaged_database_is_unreachable(registry, followed):
    registry.file.write_bytes(b"no database" * 1000)

    with pytest.raises(RegistryUnreachableError):
        followed.resolve("Production")


def test_an_unreachable_server_is_reported_without_its_password(config, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    uri = "http://me:secret@127.0.0.1:9"

    with pytest.raises(RegistryUnreachableError) as caught:
        MlflowRegistry(replace(config, tracking_uri=uri)).resolve("Production")

    assert "secret" not in str(caught.value)


def test_an_impossible_address_is_unreachable(config):
    impossible = replace(config, tracking_uri="ftp://127.0.0.1/mlflow")

    with pytest.raises(RegistryUnreachableError, match="unsupported URI"):
        MlflowRegistry(impossible).resolve("Production")


def test_download_returns_the_model_file(followed, registry, iris_bytes, tmp_path):
    registry.release(iris_bytes)

    path = followed.download(followed.resolve("Production"), tmp_path / "incoming")

    assert path.read_bytes() == iris_bytes


def test_download_of_a_missing_file_is_refused(
    followed, registry, iris_bytes, tmp_path
):
    version = registry.release(iris_bytes)
    registry.artifact(version).unlink()

    with pytest.raises(ModelRefusedError) as caught:
        followed.download(followed.resolve("Production"), tmp_path / "incoming")

    assert caught.value.reason == "download"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_download_to_a_full_disk_raises(
    followed, registry, iris_bytes, tmp_path, monkeypatch, number
):
    registry.release(iris_bytes)
    found = followed.resolve("Production")

    def no_space(*_, **__):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("mlflow.artifacts.download_artifacts", no_space)

    with pytest.raises(OSError, match=os.strerror(number)) as caught:
        followed.download(found, tmp_path)
    assert caught.value.errno == number
