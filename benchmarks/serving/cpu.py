"""CPU time of a one-row request in our process, compared with a bare Flask view.

Run as a script, it measures in a new process with the settings of a worker, and prints
the result as JSON.
"""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter, process_time, thread_time
from typing import Any

from contenders import HERE, OURS
from flask import Flask
from werkzeug.test import create_environ

REPETITIONS = 20
REQUESTS = 500  # in each
WARM_UP = 200

Message = dict[str, Any]
Application = Callable[[Any, Any, Any], Awaitable[None]]


@dataclass(frozen=True)
class CpuTime:
    """CPU time per request, in microseconds.

    Attributes:
        request: Of the thread that handles it, from the ASGI call to the last byte.
        process: Of all threads, including those that count and log.
        bare_flask: Of a Flask view that returns two bytes, called through WSGI.
    """

    request: float
    process: float
    bare_flask: float


def measure_cpu(folder: Path, core: int, body: bytes) -> CpuTime:
    """Measure in a separate process, on one core.

    Args:
        folder: The folder with the model, whose store is served.
        core: The core that the process runs on.
        body: A row as JSON.
    """
    with tempfile.TemporaryDirectory() as metrics:
        settings = OURS.variables(folder, 8000) | {
            "IRIS_LOG_FORMAT": "json",
            "PROMETHEUS_MULTIPROC_DIR": metrics,
        }
        done = subprocess.run(
            [sys.executable, str(HERE / "cpu.py")],
            cwd=folder,
            input=body,
            env=os.environ | settings,
            stdout=subprocess.PIPE,
            check=True,
            preexec_fn=lambda: os.sched_setaffinity(0, {core}),
        )
    return CpuTime(**json.loads(done.stdout))


def measure(
    application: Application,
    body: bytes,
    repetitions: int = REPETITIONS,
    requests: int = REQUESTS,
) -> CpuTime:
    """Measure in this process; the fastest of several repetitions counts.

    Our service and the bare view alternate, so that the machine is in the same state.
    """
    flask = create_bare_flask()
    repetition = []
    with asyncio.Runner() as runner:
        runner.run(call(application, body, WARM_UP))
        for _ in range(repetitions):
            thread, process = thread_time(), process_time()
            runner.run(call(application, body, requests))
            ours = thread_time() - thread, process_time() - process
            thread = thread_time()
            call_bare_flask(flask, body, requests)
            repetition.append((*ours, thread_time() - thread))
    fastest = (min(column) for column in zip(*repetition, strict=True))
    return CpuTime(*(seconds / requests * 1e6 for seconds in fastest))


async def call(application: Application, body: bytes, times: int) -> None:
    """Call an ASGI application as uvicorn does.

    Raises:
        RuntimeError: If the status is not 200.
    """
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    for _ in range(times):
        sent.clear()
        await application(describe_request(body), receive, send)
    if sent[0]["status"] != 200:  # noqa: PLR2004 -- HTTP's
        raise RuntimeError(f"not answered: {sent}")


def describe_request(body: bytes) -> Message:
    """Return the scope of a request of one row."""
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/predict",
        "raw_path": b"/predict",
        "root_path": "",
        "query_string": b"",
        "server": ("127.0.0.1", 8000),
        "client": ("127.0.0.1", 40_000),
        "headers": [
            (b"host", b"127.0.0.1:8000"),
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
        ],
        "arrived": perf_counter(),
        "upgrade": False,
    }


def create_bare_flask() -> Flask:
    """Create a minimal Flask application for the same request."""
    app = Flask("bare", static_folder=None)

    @app.post("/predict")
    def predict() -> bytes:
        return b"{}"

    return app


def call_bare_flask(app: Flask, body: bytes, times: int) -> None:
    """Call a Flask application as a WSGI server does."""
    environ = create_environ(
        "/predict", method="POST", data=body, content_type="application/json"
    )
    for _ in range(times):
        b"".join(app(dict(environ), start_response))


def start_response(*_: Any) -> Callable[[bytes], object]:
    """Ignore the head of a response."""
    return lambda _: None


def main() -> None:
    """Measure the application that a worker runs; its log goes to /dev/null."""
    from serving.server.asgi.bridge import create_app  # noqa: PLC0415 -- reads the settings

    with Path(os.devnull).open("w") as null, contextlib.redirect_stderr(null):
        application = create_app()
        figures = measure(application, sys.stdin.buffer.read())
        application.app.extensions["serving"].stop()
    print(json.dumps(asdict(figures)))


if __name__ == "__main__":
    main()
