import os
import signal

import pytest

from iris_kedro.datasets.batch.running.workers import ATTEMPTS, score_in_processes
from iris_kedro.errors import ProjectError
from iris_kedro.scoring.counts import Counts
from iris_kedro.scoring.rows import Part

PARTS = [Part(number, "a", "csv", 0, 0, 1, 10) for number in range(20)]


class Score:
    """Scores parts; kills its process at one of them, some times.

    Args:
        folder: Has a file for each time.
        times: How often it is killed.
    """

    def __init__(self, folder, times):
        self.folder, self.times = folder, times

    def __call__(self, part):
        killed = len(list(self.folder.iterdir()))
        if part.number == 7 and killed < self.times:
            (self.folder / str(killed)).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return Counts(rows=part.rows, scored=part.number)


def test_killed_processes_are_replaced_and_no_part_is_counted_twice(tmp_path):
    results = list(score_in_processes(Score(tmp_path, 1), PARTS, 2))

    assert sorted(each.scored for each in results) == list(range(20))


def test_processes_that_die_repeatedly_end_the_run(tmp_path):
    score = Score(tmp_path, 10 * ATTEMPTS)

    with pytest.raises(ProjectError, match=r"ran out of memory.*processes=1"):
        list(score_in_processes(score, PARTS, 1))


def test_an_error_of_one_part_ends_the_run():
    with pytest.raises(ZeroDivisionError):
        list(score_in_processes(divide, PARTS, 2))


def divide(part):
    return Counts(rows=1 // (part.number - 3))
