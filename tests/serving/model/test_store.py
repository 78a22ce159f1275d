import json
import os

import pytest

from serving.model.onnx_model import ModelRefusedError
from serving.model.store import CURRENT, SHADOW, Store, folder_name, write_atomically


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def publish(store, describe):
    """Publish a model's bytes the way the follower does."""

    def publish(content: bytes, version: str, role: str = CURRENT) -> str:
        described = describe(content, version)
        with store.incoming() as folder:
            file = folder / "model.onnx"
            file.write_bytes(content)
            store.publish(role, file, described)
        return folder_name(described)

    return publish


def test_load_gives_the_published_model(store, publish, iris_bytes):
    publish(iris_bytes, "3")

    model = store.load(CURRENT)

    assert model.version.version == "3"
    assert model.version.tags["verdict"] == "released"


def test_load_of_an_empty_store_gives_nothing(store):
    assert store.load(CURRENT) is None
    assert store.read_report() is None


def test_point_rolls_back_without_another_copy(store, publish, iris_bytes, wine_bytes):
    first = publish(iris_bytes, "1")
    publish(wine_bytes, "2")

    store.point(CURRENT, first)

    assert store.load(CURRENT).version.version == "1"


def test_publish_replaces_a_damaged_copy(store, publish, iris_bytes):
    name = publish(iris_bytes, "1")
    (store.folder / name / "model.onnx").write_bytes(b"damaged")

    publish(iris_bytes, "1")

    assert store.load(CURRENT).version.version == "1"


@pytest.mark.parametrize("damaged", ["model.onnx", "version.json"])
def test_load_refuses_a_damaged_store(store, publish, iris_bytes, damaged):
    name = publish(iris_bytes, "1")
    (store.folder / name / damaged).write_bytes(b"damaged")

    with pytest.raises(ModelRefusedError):
        store.load(CURRENT)


def test_load_refuses_a_pointer_into_nothing(store, publish, iris_bytes):
    publish(iris_bytes, "1")
    store.point(CURRENT, "2-gone")

    with pytest.raises(ModelRefusedError, match="2-gone"):
        store.load(CURRENT)


def test_same_version_with_another_digest_has_another_folder(
    store, publish, iris_bytes, wine_bytes
):
    assert publish(iris_bytes, "1") != publish(wine_bytes, "1")


def test_incoming_removes_leftovers_and_itself(store):
    leftover = store.folder / ".incoming-killed"
    leftover.mkdir(parents=True)

    with store.incoming() as folder:
        assert folder.is_dir()

    assert list(store.folder.iterdir()) == []


def test_prune_keeps_roles_and_the_newest(store, publish, iris_bytes):
    names = [publish(iris_bytes, str(number)) for number in range(1, 7)]
    for age, name in enumerate(reversed(names)):
        os.utime(store.folder / name, (1000 - age, 1000 - age))
    store.point(CURRENT, names[0])
    store.point(SHADOW, names[1])

    store.prune(keep=1)

    left = {path.name for path in store.folder.iterdir() if path.is_dir()}
    assert left == {names[0], names[1], names[-1]}


def test_withdraw_takes_a_role_away(store, publish, iris_bytes):
    publish(iris_bytes, "1", SHADOW)

    store.withdraw(SHADOW)

    assert store.load(SHADOW) is None


def test_write_atomically_leaves_the_old_file_when_the_disk_is_full(
    tmp_path, monkeypatch
):
    path = tmp_path / "current.json"
    write_atomically(path, {"folder": "1"})

    def no_space(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(OSError, match="No space"):
        write_atomically(path, {"folder": "2"})

    assert json.loads(path.read_text()) == {"folder": "1"}
    assert [file.name for file in tmp_path.iterdir()] == ["current.json"]


def test_read_report_ignores_a_damaged_one(store):
    store.folder.mkdir(parents=True)
    (store.folder / "registry.json").write_text("{")

    assert store.read_report() is None
