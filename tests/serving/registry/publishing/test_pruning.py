import os
import time

import pytest

from serving.model.store import CURRENT, PARTNER, SHADOW, Store
from serving.model.store.files import LEFTOVER_SECONDS
from serving.registry.publishing.pruning import prune


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(tmp_path)


@pytest.fixture
def names(store) -> list[str]:
    """Create six versions, each older than the one before it."""
    names = [f"{number}-abc" for number in range(1, 7)]
    for age, name in enumerate(names):
        (store.folder / name).mkdir()
        (store.folder / name / "version.json").touch()
        os.utime(store.folder / name, (1000 - age, 1000 - age))
    return names


def folders(store) -> set[str]:
    return {path.name for path in store.folder.iterdir() if path.is_dir()}


def test_roles_and_the_newest_are_kept(store, names):
    store.point(CURRENT, names[3])
    store.point(PARTNER, names[4])
    store.point(SHADOW, names[5])

    prune(store, keep=1)

    assert folders(store) == {names[0], *names[3:]}


def test_incomplete_folders_are_removed_like_others(store, names):
    (store.folder / names[5] / "version.json").unlink()
    os.utime(store.folder / names[5], (1, 1))

    prune(store, keep=1)

    assert folders(store) == {names[0]}


def test_leftovers_of_a_killed_follower_are_removed(store):
    (store.folder / ".removed-x" / "1").mkdir(parents=True)
    (store.folder / ".tmp-old").touch()
    os.utime(store.folder / ".tmp-old", (0, time.time() - LEFTOVER_SECONDS - 1))
    (store.folder / ".tmp-being-written").touch()

    prune(store, keep=1)

    assert [path.name for path in store.folder.iterdir()] == [".tmp-being-written"]


def test_a_folder_removed_by_another_follower_is_not_an_error(
    store, names, monkeypatch
):
    def vanish(*_):
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(os, "rename", vanish)

    prune(store, keep=1)

    assert not [name for name in folders(store) if name.startswith(".")]
