"""Damages of the store are found and repaired."""

import os
import shutil
from dataclasses import replace

import pytest

from serving.model.store import CURRENT, Store
from serving.registry.registry import RegistryUnreachableError
from serving.registry.sync import RegistrySync


@pytest.fixture
def registry(stub_registry):
    return stub_registry


@pytest.fixture
def store(config) -> Store:
    return Store(config.store)


@pytest.fixture
def sync(registry, store, config) -> RegistrySync:
    return RegistrySync(registry, store, replace(config, shadow_alias="Challenger"))


def test_a_damaged_copy_is_downloaded_again(
    sync, registry, store, iris_bytes, load_published
):
    registry.release(iris_bytes, "1")
    sync.poll()
    name = store.published(CURRENT)
    store.withdraw(CURRENT)
    (store.folder / name / "model.onnx").write_bytes(b"damaged")

    sync.poll()

    assert load_published(store).version.version == "1"


def remove_folder(folder):
    shutil.rmtree(folder)


def remove_model(folder):
    (folder / "model.onnx").unlink()


def truncate_model(folder):
    os.truncate(folder / "model.onnx", 100)


def remove_description(folder):
    (folder / "version.json").unlink()


def truncate_description(folder):
    os.truncate(folder / "version.json", 10)


def cut_pointer(folder):
    (folder.parent / "current.json").write_text("{")


def point_nowhere(folder):
    (folder.parent / "current.json").write_text('{"folder": "9-gone"}')


def point_outside(folder):
    (folder.parent / "current.json").write_text('{"folder": "../elsewhere"}')


def remove_pointer(folder):
    (folder.parent / "current.json").unlink()


DAMAGES = [
    remove_folder,
    remove_model,
    truncate_model,
    remove_description,
    truncate_description,
    cut_pointer,
    point_nowhere,
    point_outside,
]


@pytest.mark.parametrize("damage", [*DAMAGES, remove_pointer])
def test_a_damaged_store_is_repaired_within_one_poll(
    sync, registry, store, iris_bytes, damage, load_published
):
    registry.release(iris_bytes, "1")
    sync.poll()
    sync.poll()
    damage(store.folder / store.published(CURRENT))

    sync.poll()

    assert load_published(store).version.version == "1"
    assert store.read_report().damaged is None
    assert store.read_report().repairs == (damage is not remove_pointer)


def test_damage_that_happens_during_a_poll_is_counted(
    sync, registry, store, iris_bytes, monkeypatch, load_published
):
    registry.release(iris_bytes, "1")
    sync.poll()
    resolve = registry.resolve

    def damage_and_resolve(alias):
        truncate_model(store.folder / store.published(CURRENT))
        monkeypatch.undo()
        return resolve(alias)

    monkeypatch.setattr(registry, "resolve", damage_and_resolve)

    sync.poll()

    assert load_published(store).version.version == "1"
    assert store.read_report().repairs == 1


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_reported_while_the_registry_is_unreachable(
    sync, registry, store, iris_bytes, damage, caplog, load_published
):
    registry.release(iris_bytes, "1")
    sync.poll()
    damage(store.folder / store.published(CURRENT))
    registry.failure = RegistryUnreachableError("down")

    sync.poll()
    sync.poll()

    assert store.read_report().damaged
    registry.failure = None
    sync.poll()
    assert load_published(store).version.version == "1"
    assert store.read_report().repairs == 1


@pytest.mark.parametrize("damage", [truncate_model, truncate_description])
def test_damage_between_two_starts_is_repaired(
    registry, store, config, iris_bytes, damage, load_published
):
    registry.release(iris_bytes, "1")
    RegistrySync(registry, store, config).poll()
    damage(store.folder / store.published(CURRENT))

    RegistrySync(registry, store, config).poll()

    assert load_published(store).version.version == "1"


def test_intact_files_are_read_once(sync, registry, iris_bytes, monkeypatch):
    registry.release(iris_bytes, "1")
    sync.poll()

    def read(*_):
        raise AssertionError("read again")

    monkeypatch.setattr("serving.model.onnx_model.Model.load", read)
    sync.poll()
