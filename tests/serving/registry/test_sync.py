from dataclasses import replace
from pathlib import Path

import pytest

from serving.model.onnx_model import ModelRefusedError
from serving.model.store import CURRENT, SHADOW, Store
from serving.registry.sync import RegistrySync, RegistryUnreachableError


class StubRegistry:
    """A registry in memory: aliases, files, and what goes wrong with it."""

    def __init__(self) -> None:
        self.aliases = {}
        self.files = {}
        self.downloads = 0
        self.failure = None

    def resolve(self, alias):
        if isinstance(self.failure, RegistryUnreachableError):
            raise self.failure
        return self.aliases.get(alias)

    def download(self, version, folder: Path) -> Path:
        self.downloads += 1
        if self.failure:
            raise self.failure
        file = folder / "model.onnx"
        file.write_bytes(self.files[version.version])
        return file


@pytest.fixture
def registry(describe):
    registry = StubRegistry()

    def release(content, version, alias="Production", **changes):
        registry.files[version] = content
        registry.aliases[alias] = replace(describe(content, version), **changes)

    registry.release = release
    return registry


@pytest.fixture
def store(config) -> Store:
    return Store(config.store)


@pytest.fixture
def sync(registry, store, config) -> RegistrySync:
    return RegistrySync(registry, store, replace(config, shadow_alias="Challenger"))


def test_the_aliased_version_is_published(sync, registry, store, iris_bytes):
    registry.release(iris_bytes, "1")

    sync.poll()

    assert store.load(CURRENT).version.version == "1"
    assert store.read_report()["version"] == "1"
    assert store.read_report()["reachable"] is True


def test_what_is_published_is_not_downloaded_again(sync, registry, iris_bytes):
    registry.release(iris_bytes, "1")

    sync.poll()
    sync.poll()

    assert registry.downloads == 1


def test_a_rollback_downloads_nothing(sync, registry, store, iris_bytes, wine_bytes):
    registry.release(iris_bytes, "1")
    sync.poll()
    first = registry.aliases["Production"]
    registry.release(wine_bytes, "2")
    sync.poll()

    registry.aliases["Production"] = first
    sync.poll()

    assert store.load(CURRENT).version.version == "1"
    assert registry.downloads == 2


def test_a_damaged_copy_is_downloaded_again(sync, registry, store, iris_bytes):
    registry.release(iris_bytes, "1")
    sync.poll()
    name = store.published(CURRENT)
    store.withdraw(CURRENT)
    (store.folder / name / "model.onnx").write_bytes(b"damaged")

    sync.poll()

    assert store.load(CURRENT).version.version == "1"


@pytest.mark.parametrize("file", ["model.onnx", "version.json"])
def test_a_copy_that_was_damaged_meanwhile_is_replaced_at_the_next_start(
    registry, store, config, iris_bytes, file
):
    registry.release(iris_bytes, "1")
    RegistrySync(registry, store, config).poll()
    (store.folder / store.published(CURRENT) / file).write_bytes(b"damaged")

    RegistrySync(registry, store, config).poll()

    assert store.load(CURRENT).version.version == "1"


def test_a_challenger_that_is_promoted_is_production(sync, registry, store, iris_bytes):
    registry.release(iris_bytes, "1", alias="Challenger")
    registry.aliases["Challenger"] = replace(
        registry.aliases["Challenger"], alias="Challenger"
    )
    sync.poll()

    registry.release(iris_bytes, "1")
    sync.poll()

    assert store.load(CURRENT).version.alias == "Production"


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (ModelRefusedError("download", "gone"), "download"),
        (OSError(28, "No space left on device"), "disk_full"),
        (OSError(5, "Input/output error"), "store"),
    ],
)
def test_a_failed_download_is_counted_and_tried_later(
    sync, registry, store, iris_bytes, wine_bytes, failure, reason
):
    registry.release(iris_bytes, "1")
    sync.poll()
    registry.release(wine_bytes, "2")
    registry.failure = failure

    sync.poll()
    sync.poll()

    assert store.load(CURRENT).version.version == "1"
    assert store.read_report()["refused"] == {reason: 1}
    assert store.read_report()["last_refusal"]["version"] == "2"
    assert registry.downloads == 2  # the second poll waits before it tries again


@pytest.mark.parametrize("digest", ["", "sha256:" + "0" * 64])
def test_another_digest_is_refused(sync, registry, store, iris_bytes, digest):
    registry.release(iris_bytes, "1", digest=digest)

    sync.poll()

    assert store.load(CURRENT) is None
    assert store.read_report()["refused"] == {"digest": 1}


def test_a_refusal_is_forgotten_when_a_good_version_comes(
    sync, registry, store, iris_bytes
):
    registry.release(iris_bytes, "1", digest="sha256:" + "0" * 64)
    sync.poll()

    registry.release(iris_bytes, "2")
    sync.poll()

    assert store.read_report()["last_refusal"] is None
    assert store.read_report()["refused"] == {"digest": 1}


def test_counts_outlive_a_restart(registry, store, config, iris_bytes):
    registry.release(iris_bytes, "1", digest="sha256:" + "0" * 64)
    RegistrySync(registry, store, config).poll()

    RegistrySync(registry, store, config).poll()

    assert store.read_report()["refused"] == {"digest": 2}


def test_a_registry_unreachable_is_reported_since_when(
    sync, registry, store, iris_bytes
):
    registry.release(iris_bytes, "1")
    sync.poll()
    seen = store.read_report()["last_seen"]
    registry.failure = RegistryUnreachableError("down")

    sync.poll()
    since = store.read_report()["unreachable_since"]
    sync.poll()

    report = store.read_report()
    assert report["reachable"] is False
    assert report["last_seen"] == seen
    assert report["unreachable_since"] == since
    assert store.load(CURRENT).version.version == "1"


def test_a_removed_alias_leaves_production_and_ends_the_shadow(
    sync, registry, store, iris_bytes
):
    registry.release(iris_bytes, "1")
    registry.release(iris_bytes, "1", alias="Challenger")
    sync.poll()
    assert store.load(SHADOW).version.version == "1"

    registry.aliases.clear()
    sync.poll()

    assert store.load(CURRENT).version.version == "1"
    assert store.load(SHADOW) is None


def test_a_report_that_cannot_be_written_stops_nothing(
    sync, registry, store, iris_bytes, monkeypatch
):
    registry.release(iris_bytes, "1")

    def fail(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store, "write_report", fail)
    sync.poll()

    assert store.load(CURRENT).version.version == "1"
