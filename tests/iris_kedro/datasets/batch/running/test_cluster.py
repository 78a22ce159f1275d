import os
import signal
import threading
import time

import pytest
from kedro.io import DatasetError

from iris_kedro.cluster.active import set_client
from iris_kedro.cluster.client import connect
from iris_kedro.datasets import ScoresDataset
from tests.iris_kedro.datasets.batch.parquet_rows import ROWS, read_files, write_rows


@pytest.fixture(scope="module")
def client():
    """Return a client of a cluster on this machine, whose workers are replaced."""
    with connect(workers=2) as client:
        yield client


@pytest.fixture
def cluster(client):
    """Run the test's jobs on the cluster."""
    set_client(client)
    yield client
    set_client(None)


@pytest.mark.slow
def test_scores_are_the_same_as_on_this_machine(client, cluster, make_job, tmp_path):
    write_rows(tmp_path / "rows/a.parquet", petal_width=99.0)
    there = ScoresDataset("there", path=str(tmp_path))
    there.save(make_job())

    set_client(None)
    ScoresDataset("here", path=str(tmp_path)).save(make_job())

    assert read_files(tmp_path / "there") == read_files(tmp_path / "here")
    assert there.load().resumed == 0


@pytest.mark.slow
def test_a_killed_worker_changes_nothing(cluster, make_job, tmp_path):
    write_rows(tmp_path / "rows/a.parquet", rows=20 * ROWS)
    here, there = tmp_path / "here", tmp_path / "there"
    victim = next(iter(cluster.run(os.getpid).values()))

    def kill():
        while len(list(there.glob("part-*"))) < 5:
            time.sleep(0.01)
        os.kill(victim, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    ScoresDataset("there", path=str(tmp_path)).save(make_job())
    killer.join()

    set_client(None)
    ScoresDataset("here", path=str(tmp_path)).save(make_job())
    assert victim not in cluster.run(os.getpid).values()
    assert read_files(there) == read_files(here)


@pytest.mark.slow
def test_errors_of_workers_keep_their_message(cluster, make_job, tmp_path):
    write_rows(tmp_path / "rows/a.parquet", petal_width=99.0)

    with pytest.raises(DatasetError, match=r"row 11, petal_width: must be at most 20"):
        ScoresDataset("scores", path=str(tmp_path)).save(make_job(on_invalid="fail"))
