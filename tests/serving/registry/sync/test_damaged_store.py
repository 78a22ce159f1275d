"""Damages of the store are found and repaired."""

import os
import shutil

import pytest

from serving.model.store import CURRENT
from serving.registry.registry import RegistryUnreachableError
from serving.registry.sync import RegistrySync

FILES = ("model.onnx", "version.json")


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


def remove(name):
    return lambda folder: (folder / name).unlink()


def truncate(name):
    return lambda folder: os.truncate(folder / name, 10)


def point(text):
    return lambda folder: (folder.parent / "current.json").write_text(text)


remove_pointer = remove("../current.json")
DAMAGES = [
    shutil.rmtree,
    *(damage(name) for damage in (remove, truncate) for name in FILES),
    *map(point, ["{", '{"folder": "9-gone"}', '{"folder": "../elsewhere"}']),
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
    with monkeypatch.context() as patch:

        def damage_and_resolve(alias):
            truncate("model.onnx")(store.folder / store.published(CURRENT))
            patch.undo()  # damaged once only
            return resolve(alias)

        patch.setattr(registry, "resolve", damage_and_resolve)

        sync.poll()

    assert load_published(store).version.version == "1"
    assert store.read_report().repairs == 1


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_reported_while_the_registry_is_unreachable(
    sync, registry, store, iris_bytes, damage, load_published
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


@pytest.mark.parametrize("name", FILES)
def test_damage_between_two_starts_is_repaired(
    registry, store, config, iris_bytes, name, load_published
):
    registry.release(iris_bytes, "1")
    RegistrySync(registry, store, config).poll()
    truncate(name)(store.folder / store.published(CURRENT))

    RegistrySync(registry, store, config).poll()

    assert load_published(store).version.version == "1"


def test_intact_files_are_read_once(sync, registry, iris_bytes, monkeypatch):
    registry.release(iris_bytes, "1")
    sync.poll()

    def read(*_):
        raise AssertionError("read again")

    monkeypatch.setattr("serving.model.onnx_model.Model.load", read)
    sync.poll()
