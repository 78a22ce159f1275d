import errno
import itertools
import json
import os
import sys
from functools import partial

import pytest

from serving.model.onnx_model import ModelRefusedError
from serving.model.store import CURRENT, Store
from serving.model.store.files import write_json
from serving.model.store.report import FollowerReport
from serving.registry.publishing.pruning import prune


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(tmp_path / "store")


def test_load_reads_the_store_of_an_earlier_release(
    store, publish, iris_bytes, load_published
):
    publish(iris_bytes, "3")
    file = store.folder / store.published(CURRENT) / "version.json"
    described = json.loads(file.read_text())
    del described["created_at"]
    file.write_text(json.dumps(described))

    model = load_published(store)

    assert (model.version.version, model.version.created_at) == ("3", "")


def test_load_of_an_empty_store_gives_nothing(store, load_published):
    assert load_published(store) is None
    assert store.read_report() is None


@pytest.mark.parametrize("damaged", ["model.onnx", "version.json"])
def test_load_refuses_a_damaged_store(
    store, publish, iris_bytes, damaged, load_published
):
    publish(iris_bytes, "1")
    (store.folder / store.published(CURRENT) / damaged).write_bytes(b"damaged")

    with pytest.raises(ModelRefusedError):
        load_published(store)


def test_load_refuses_a_pointer_to_a_missing_version(
    store, publish, iris_bytes, load_published
):
    publish(iris_bytes, "1")
    store.point(CURRENT, "2-gone")

    with pytest.raises(ModelRefusedError, match="2-gone"):
        load_published(store)


def test_same_version_with_another_digest_has_another_folder(
    publish, iris_bytes, wine_bytes
):
    first, second = (
        publish(content, "1").published(CURRENT) for content in (iris_bytes, wine_bytes)
    )

    assert first != second


def test_write_json_leaves_the_old_file_when_the_disk_is_full(tmp_path, monkeypatch):
    path = tmp_path / "current.json"
    write_json(path, {"folder": "1"})

    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(OSError, match="No space"):
        write_json(path, {"folder": "2"})

    assert json.loads(path.read_text()) == {"folder": "1"}
    assert [file.name for file in tmp_path.iterdir()] == ["current.json"]


@pytest.mark.parametrize("content", ["", "{", "[]", "[" * 100_000])
def test_read_report_ignores_a_damaged_one(store, content):
    store.folder.mkdir(parents=True)
    (store.folder / "registry.json").write_text(content)

    assert store.read_report() is None


def test_read_report_accepts_reports_of_other_releases(store):
    store.write_report({"reachable": True, "refused": None, "invented_later": 1})

    assert store.read_report() == FollowerReport(reachable=True)


def no_space(*_, **__):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_report_is_overwritten_in_place_when_the_disk_is_full(store, monkeypatch):
    store.write_report(FollowerReport(reachable=True))
    monkeypatch.setattr("tempfile.mkstemp", no_space)
    refusal = {"role": "current", "version": "2", "reason": "disk_full", "detail": "x"}

    store.write_report(FollowerReport(last_refusal=refusal))

    assert store.read_report().last_refusal == refusal
    assert store.read_report().reachable is False


def test_a_report_that_does_not_fit_in_place_leaves_the_old_one(store, monkeypatch):
    store.write_report(FollowerReport(version="1"))
    monkeypatch.setattr("tempfile.mkstemp", no_space)

    with pytest.raises(OSError, match="No space"):
        store.write_report(FollowerReport(version="x" * 5000))

    assert store.read_report().version == "1"


def kill_at(number: int, work) -> bool:
    """Run work in a process that is killed before its nth change of a file.

    Returns:
        Whether it was killed, and had not ended before.
    """
    child = os.fork()
    if child == 0:
        left = number

        def count(event: str, arguments: tuple) -> None:
            nonlocal left
            changes = event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR)
            if changes or event in CHANGES:
                left -= 1
                if left == 0:
                    os._exit(9)

        sys.addaudithook(count)
        try:
            work()
        except BaseException:
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) in (0, 9)
    return os.waitstatus_to_exitcode(status) == 9


CHANGES = {
    "os.chmod",
    "os.mkdir",
    "os.remove",
    "os.rename",
    "os.rmdir",
    "os.truncate",
    "shutil.rmtree",
    "tempfile.mkdtemp",
    "tempfile.mkstemp",
}


@pytest.mark.slow
def test_a_kill_at_any_write_leaves_the_old_version_or_the_new(
    publish, iris_bytes, wine_bytes, load_published
):
    def work():
        publish(wine_bytes, "2", folder=folder)
        publish(wine_bytes, "2", folder=folder)  # now file by file
        prune(store, keep=1)
        store.write_report(FollowerReport())

    for number in itertools.count(1):
        folder = str(number)
        publish(iris_bytes, "0", folder=folder)
        store = publish(iris_bytes, "1", folder=folder)

        killed = kill_at(number, work)

        assert load_published(store).version.version in ("1", "2"), number
        publish(wine_bytes, "2", folder=folder)
        assert load_published(store).version.version == "2", number
        if not killed:
            break
    assert number > 40  # it has changed files, and each time once more


@pytest.mark.slow
def test_a_kill_while_a_damaged_version_is_replaced_can_be_repaired(
    publish, iris_bytes, load_published
):
    for number in itertools.count(1):
        repair = partial(publish, iris_bytes, "1", folder=str(number))
        store = repair()
        name = store.published(CURRENT)
        (store.folder / name / "model.onnx").write_bytes(b"damaged")

        killed = kill_at(number, repair)
        repair()

        assert load_published(store).version.version == "1", number
        if not killed:
            break
    assert number > 10
