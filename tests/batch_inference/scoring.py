"""Scores a job: a process for tests that kill it.

Usage: ``python scoring.py job.pickle folder [limit]`` writes ``folder/scores``; no file
can grow beyond ``limit`` bytes.
"""

import logging
import pickle
import resource
import signal
import sys
from pathlib import Path

from iris_kedro.datasets.batch.scores import ScoresDataset


def main(job: str, folder: str, limit: str = "") -> None:
    if limit:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
    content = Path(job).read_bytes()
    ScoresDataset("scores", path=folder).save(pickle.loads(content))  # noqa: S301


if __name__ == "__main__":
    logging.disable()
    main(*sys.argv[1:])
