"""Processes that are killed while they score, full disks, and runs at once."""

import os
import pickle
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import onnx
import pandas as pd
import psutil
import pytest

from iris_kedro.datasets.batch.rows import RowsDataset
from iris_kedro.gate.release import ReleasedModel
from iris_kedro.pipelines.batch_inference.nodes import score_rows
from iris_kedro.specification import BatchInference
from tests.batch_inference.conftest import FEATURES
from tests.fixtures.processes import wait_until

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).with_name("scoring.py")
ROOT = Path(__file__).parents[2]
PARTS, PART_ROWS = 60, 1_000
PATIENCE = 60.0  # seconds on a busy machine
SEEDS = [0]  # more of them find rarer moments


class Run:
    """Scores a job in a process with workers.

    Args:
        job: The file with the job.
        folder: Will have the scores.
        limit: Bytes that a file can have.
    """

    def __init__(self, job, folder, limit=""):
        self.folder = folder
        self.process = subprocess.Popen(
            [sys.executable, SCRIPT, job, folder, str(limit)],
            env={**os.environ, "PYTHONPATH": f"{ROOT}/src:{ROOT}"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    @property
    def finished(self):
        return len(list(self.folder.glob("scores/_parts/part-*")))

    @property
    def workers(self):
        try:
            children = psutil.Process(self.process.pid).children()
        except psutil.NoSuchProcess:
            return []
        return [each for each in children if is_worker(each)]

    def wait_for_parts(self, count):
        """Return when so many more parts are finished, or the run has ended."""
        wanted = self.finished + count
        wait_until(
            lambda: self.finished >= wanted or self.process.poll() is not None,
            f"{wanted} parts are finished",
            PATIENCE,
            pause=0.005,
        )

    def end(self):
        output, _ = self.process.communicate(timeout=PATIENCE)
        return output


def is_worker(process):
    try:
        return "spawn_main" in " ".join(process.cmdline())
    except psutil.NoSuchProcess:  # it has ended
        return False


def read(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".lock"
    }


@pytest.fixture(scope="module")
def jobs(trained, tmp_path_factory):
    """Return the files of the same job for one and two processes.

    Some of the rows are invalid.
    """
    folder = tmp_path_factory.mktemp("jobs")
    values = np.random.default_rng(0).uniform(0.5, 7, (PARTS * PART_ROWS, 4))
    table = pd.DataFrame(values.round(1), columns=FEATURES)
    table.loc[::997, "petal_width"] = 99.0
    table.to_parquet(folder / "rows.parquet", row_group_size=PART_ROWS)
    settings = {"version": "1", "layout": "contract"}
    settings |= {"on_invalid": "reject", "format": "parquet"}
    model = onnx.load(trained.path / "data/06_models/iris/challenger.onnx")
    rows = RowsDataset("rows.parquet", part_rows=PART_ROWS, path=str(folder)).load()
    files = {}
    for processes in (1, 2):
        parameters = BatchInference(**settings, processes=processes)
        job = score_rows(rows, ReleasedModel("1", model), parameters)
        files[processes] = folder / f"{processes}.pickle"
        files[processes].write_bytes(pickle.dumps(job))
    return files


@pytest.fixture(scope="module")
def undisturbed(jobs, tmp_path_factory):
    """Return a folder with the scores of a run that nothing has disturbed."""
    folder = tmp_path_factory.mktemp("undisturbed")
    run = Run(jobs[1], folder)
    assert run.end() == ""
    assert run.finished == PARTS
    return folder


def check(folder, undisturbed):
    """Check that all scores are those of the undisturbed run, and nothing else."""
    found, expected = read(folder / "scores"), read(undisturbed / "scores")
    assert found.keys() == expected.keys()
    assert [name for name in found if found[name] != expected[name]] == []


@pytest.mark.parametrize("seed", SEEDS)
def test_run_killed_repeatedly_ends_with_the_same_files(
    jobs, tmp_path, undisturbed, seed
):
    chance = random.Random(seed)  # noqa: S311
    workers = []
    for _ in range(2):
        run = Run(jobs[2], tmp_path)
        run.wait_for_parts(chance.randint(1, 20))
        workers += run.workers
        time.sleep(chance.uniform(0, 0.02))
        run.process.kill()
        run.end()
    run = Run(jobs[2], tmp_path)

    output = run.end()

    assert (run.process.returncode, output) == (0, "")
    check(tmp_path, undisturbed)
    psutil.wait_procs(workers, timeout=PATIENCE)
    assert [each for each in workers if each.is_running()] == []


@pytest.mark.parametrize("seed", SEEDS)
def test_killed_workers_are_replaced(jobs, tmp_path, undisturbed, seed):
    chance = random.Random(seed)  # noqa: S311
    run = Run(jobs[2], tmp_path)
    for _ in range(2):
        run.wait_for_parts(chance.randint(1, 15))
        time.sleep(chance.uniform(0, 0.02))
        for worker in run.workers[:1]:
            worker.kill()

    output = run.end()

    assert (run.process.returncode, output) == (0, "")
    check(tmp_path, undisturbed)


@pytest.mark.parametrize("processes", [1, 2])
def test_full_disk_is_one_error_and_the_next_run_resumes(
    jobs, tmp_path, undisturbed, processes
):
    sizes = [each.stat().st_size for each in undisturbed.glob("scores/part-*")]
    limit = int(np.median(sizes))  # about half of the files can be written

    failed = Run(jobs[processes], tmp_path, limit)
    output = failed.end()
    leftovers = list(tmp_path.glob("scores/.part*"))
    run = Run(jobs[1], tmp_path)

    assert failed.process.returncode == 1
    assert f"the scores at '{tmp_path}/scores' cannot be written" in output
    assert leftovers == []
    assert run.end() == ""
    check(tmp_path, undisturbed)


def test_second_run_at_the_same_time_is_refused(jobs, tmp_path, undisturbed):
    first = Run(jobs[1], tmp_path)
    first.wait_for_parts(1)
    first.process.send_signal(signal.SIGSTOP)

    second = Run(jobs[1], tmp_path).end()
    first.process.send_signal(signal.SIGCONT)

    assert "another run is writing scores to" in second
    assert first.end() == ""
    check(tmp_path, undisturbed)


def test_interrupt_ends_the_run_and_closes_it_in_mlflow(trained, jobs, tmp_path):
    rows = tmp_path / "rows"
    rows.mkdir()
    for name in range(400):
        (rows / f"{name}.parquet").symlink_to(jobs[1].with_name("rows.parquet"))
    process = trained.start(
        "run",
        "--pipelines=batch_inference",
        "--params",
        f"batch_inference.source={rows},batch_inference.target={tmp_path}/scores",
    )
    wait_until(
        lambda: list(tmp_path.glob("scores/_parts/part-*")) or process.poll(),
        "a part is finished",
        PATIENCE,
        pause=0.005,
    )
    children = psutil.Process(process.pid).children(recursive=True)

    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=PATIENCE)

    assert process.returncode not in {0, None}
    assert "Traceback" not in output
    psutil.wait_procs(children, timeout=PATIENCE)
    assert [each for each in children if each.is_running()] == []
    assert trained.parents()[-1].info.status == "KILLED"
    assert list(tmp_path.glob("scores/**/.part*")) == []
