import json
import multiprocessing
import resource
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from serving.monitoring.observers import Observation
from serving.monitoring.prediction_log import PredictionLog


@pytest.fixture
def observation(iris) -> Observation:
    rows = np.array([[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3]], dtype=np.float32)
    return Observation(
        iris, rows, iris.predict(rows), "1", "my-id", "/predict", time.time()
    )


@pytest.fixture
def dropped() -> list[int]:
    return []


@pytest.fixture
def make_log(tmp_path, dropped):
    def make_log(max_bytes: int = 10**6, backups: int = 2) -> PredictionLog:
        path = tmp_path / "log" / "predictions.jsonl"
        return PredictionLog(path, max_bytes, backups, dropped.append)

    return make_log


def read(path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_each_row_is_a_line_with_inputs_and_outputs(make_log, observation):
    log = make_log()

    log.write([observation])

    first, second = read(log.path)
    assert first["inputs"] == {
        "sepal_length": 5.1,
        "sepal_width": 3.5,
        "petal_length": 1.4,
        "petal_width": 0.2,
    }
    assert first["prediction"] == "setosa"
    assert first["probabilities"]["setosa"] > 0.9
    assert (first["request_id"], first["version"]) == ("my-id", "3")
    assert (first["row"], second["row"]) == (0, 1)


def test_the_log_is_rotated_by_size(make_log, observation):
    log = make_log(max_bytes=100, backups=2)

    for _ in range(4):
        log.write([observation])

    names = {path.name for path in log.path.parent.glob("predictions*")}
    assert names == {"predictions.jsonl", "predictions.jsonl.1", "predictions.jsonl.2"}
    assert all(len(read(log.path.parent / name)) == 2 for name in names)


def test_without_backups_the_log_starts_anew(make_log, observation):
    log = make_log(max_bytes=100, backups=0)

    log.write([observation])
    log.write([observation])

    assert len(read(log.path)) == 2


def test_writers_do_not_mix_their_lines(make_log, observation):
    logs = [make_log(max_bytes=20_000, backups=50) for _ in range(4)]

    def write(log: PredictionLog) -> None:
        for _ in range(50):
            log.write([observation])

    threads = [threading.Thread(target=write, args=[log]) for log in logs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    files = logs[0].path.parent.glob("predictions*")
    assert sum(len(read(path)) for path in files) == 400


def test_a_log_that_cannot_be_written_is_counted(make_log, observation, dropped):
    log = make_log()
    log.path.mkdir(parents=True)

    log.write([observation])

    assert dropped == [2]


@contextmanager
def file_size_limited(size: int) -> Iterator[None]:
    """Let files grow to a size only; a write beyond it is cut, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    """Mount a disk of 64 KB where the log will be; needs the right to."""
    folder = tmp_path / "log"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, check=False).returncode:
        pytest.skip("a disk cannot be mounted here")
    yield folder
    subprocess.run([shutil.which("umount"), "-l", str(folder)], check=True)


def test_a_full_disk_drops_whole_lines_until_there_is_room(
    small_disk, make_log, observation, dropped, caplog
):
    filler = small_disk / "filler"
    filler.write_bytes(b"\0" * 50_000)
    log = make_log()
    for _ in range(100):
        log.write([observation])
    written = len(read(log.path))
    assert written + sum(dropped) == 200
    assert 0 < written < 200

    filler.unlink()
    log.write([observation])

    assert len(read(log.path)) == written + 2
    assert [each.levelname for each in caplog.records] == ["ERROR", "WARNING"]


def test_killed_writers_leave_whole_lines(make_log, observation):
    log = make_log(max_bytes=100_000, backups=1000)

    fork = multiprocessing.get_context("fork")

    def write_for_ever() -> None:
        while True:
            log.write([observation] * 100)

    for _ in range(10):
        writers = [fork.Process(target=write_for_ever) for _ in range(3)]
        for writer in writers:
            writer.start()
        time.sleep(0.1)
        for writer in writers:
            writer.kill()
            writer.join()
    log.write([observation])

    files = list(log.path.parent.glob("predictions.jsonl*"))
    assert len(files) > 2
    assert all(read(path) for path in files)


def test_a_disk_that_fills_up_leaves_whole_lines(make_log, observation, dropped):
    log = make_log()
    log.write([observation])

    with file_size_limited(log.path.stat().st_size + 100):
        log.write([observation])

    assert dropped == [2]
    assert len(read(log.path)) == 2


@pytest.mark.parametrize("size", [0, 200_000])
def test_a_line_that_a_killed_writer_left_unfinished_is_removed(
    make_log, observation, size
):
    log = make_log()
    log.write([observation])
    with log.path.open("ab") as file:
        file.write(b'{"time": "2026' + b"x" * size)

    log.write([observation])

    assert len(read(log.path)) == 4


def test_a_file_with_an_unfinished_line_is_rotated_without_it(make_log, observation):
    log = make_log(max_bytes=100)
    log.write([observation])
    with log.path.open("ab") as file:
        file.write(b'{"time"')

    log.write([observation])

    assert len(read(log.path.with_name("predictions.jsonl.1"))) == 2


def test_predictions_are_logged_by_the_application(make_app, iris, setosa, tmp_path):
    path = tmp_path / "predictions.jsonl"
    app = make_app(iris, prediction_log=path)

    answer = app.test_client().post("/predict", json=setosa).json
    app.extensions["serving"].stop()

    (line,) = read(path)
    assert line["route"] == "/predict"
    assert line["prediction_id"] == answer["prediction_id"]
