import os

import pytest
from kedro.io import DatasetError

from iris_kedro.datasets.batch.writing import target as target_module
from iris_kedro.datasets.batch.writing.target import Target


@pytest.fixture
def target(tmp_path):
    return Target(str(tmp_path / "scores"))


def test_files_are_written_with_their_folders(target, tmp_path):
    target.write("_parts/a.json", b"{}")

    assert (tmp_path / "scores/_parts/a.json").read_bytes() == b"{}"
    assert target.list("_parts") == {"a.json": 2}
    assert target.list() == {}


def test_a_file_appears_when_it_is_complete(target, tmp_path, monkeypatch):
    target.write("part-0", b"old")
    seen = []

    def look(system, path, content):
        seen.append((tmp_path / "scores/part-0").read_bytes())
        return write(system, path, content)

    write = target_module._write
    monkeypatch.setattr(target_module, "_write", look)
    target.write("part-0", b"new")

    assert seen == [b"old"]
    assert target.list() == {"part-0": 3}


def test_a_full_disk_leaves_no_part_of_a_file(target, tmp_path, monkeypatch):
    def fill(system, path, content):
        write(system, path, content[:1])
        raise OSError(28, "No space left on device")

    write = target_module._write
    monkeypatch.setattr(target_module, "_write", fill)

    with pytest.raises(DatasetError, match=r"cannot be written: .*No space left"):
        target.write("part-0", b"new")

    assert os.listdir(tmp_path / "scores") == []


@pytest.mark.parametrize("place", ["file", "file/scores"])
@pytest.mark.parametrize(
    ("use", "action"),
    [
        (lambda target: target.write("a", b"1"), "written"),
        (lambda target: target.read_json("a"), "read"),
        (lambda target: target.lock().__enter__(), "written"),
    ],
)
def test_target_that_is_a_file_is_named(tmp_path, place, use, action):
    (tmp_path / "file").write_text("x")
    path = str(tmp_path / place)

    with pytest.raises(DatasetError, match=f"scores at '{path}' cannot be {action}: "):
        use(Target(path))


def test_one_run_at_a_time_has_the_lock(target):
    with target.lock():
        with pytest.raises(DatasetError, match="another run is writing scores to"):
            target.lock().__enter__()
        assert target.list() == {}

    with target.lock():
        target.write("a", b"1")


def test_leftovers_of_killed_processes_are_deleted(target):
    for name in [".part-00001.csv.77", "_parts/.part-00001.json.77", ".hidden", "a.7"]:
        target.write(name, b"x")
    target.write("._manifest.json.77", b"x")

    with target.lock():
        assert target.list() == {".hidden": 1, "a.7": 1}
        assert target.list("_parts") == {}
        target.write(".part-00002.csv.78", b"x")

    assert target.list() == {".hidden": 1, "a.7": 1}
