"""Stopping a worker with an event loop."""

import subprocess
import sys

import pytest

# Like ONNX Runtime and uvloop when a signal arrives while they are imported.
STOP = """
import signal, time
from gunicorn.app.base import Application
from gunicorn.config import Config
from gunicorn.glogging import Logger
from serving.server.worker import Worker

settings = Config()
worker = Worker(1, 0, [], None, 30, settings, Logger(settings))
worker.init_signals()
{before}
try:
    signal.raise_signal(signal.{number})
    time.sleep(10)
except SystemExit:
    raise ImportError("initialization failed")
"""
SERVE = """
import contextlib
with contextlib.suppress(AttributeError):  # there is no application
    worker.run()
"""


def stop(number: str, before: str = "") -> subprocess.CompletedProcess[str]:
    """Stop a worker that has, or has not, served before."""
    code = STOP.format(number=number, before=before)
    command = [sys.executable, "-c", code]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("number", ["SIGTERM", "SIGINT"])
def test_a_worker_that_is_stopped_while_it_imports_ends_quietly(number):
    process = stop(number)

    assert (process.returncode, process.stderr) == (0, "")


def test_a_worker_that_has_served_exits_through_gunicorn():
    process = stop("SIGTERM", before=SERVE)

    assert process.stderr.endswith("ImportError: initialization failed\n")
