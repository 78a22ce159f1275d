"""The CPU time that tracing adds to a request, after its response.

python -m benchmarks.serving.tracing [--rounds 50]

The cases alternate in each round, so that other load affects all equally; the median of
the rounds counts. Spans are sent to a process that discards them.
"""

import argparse
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from multiprocessing import Process, Queue
from statistics import median
from time import process_time
from typing import Any

from flask import Flask

from serving.config import Config
from serving.monitoring.metrics import ServiceMetrics
from serving.monitoring.observations import CompletedRequest
from serving.monitoring.tracing.context import read_head
from serving.monitoring.tracing.tracing import Tracing

REQUESTS, BATCH = 2000, 20  # per round; processed together
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
ENVIRON = {
    "PATH_INFO": "/predict",
    "wsgi.url_scheme": "http",
    "HTTP_HOST": "127.0.0.1:8000",
    "SERVER_PROTOCOL": "HTTP/1.1",
}


@dataclass(frozen=True)
class Case:
    """A kind of requests.

    Attributes:
        tracing: Creates their spans; None if they are not traced.
        environ: Their heads.
    """

    tracing: Tracing | None
    environ: dict[str, Any]

    def measure(self, requests: int = REQUESTS) -> float:
        """Return the CPU time per request, in microseconds."""
        start = process_time()
        for _ in range(requests // BATCH):
            batch = [self._complete() for _ in range(BATCH)]
            if self.tracing:
                self.tracing.trace(batch)
        if self.tracing:
            self.tracing._provider.force_flush()
        return (process_time() - start) / requests * 1e6

    def _complete(self) -> CompletedRequest:
        head = read_head(self.environ) if self.tracing else None
        return CompletedRequest(
            "POST", "/predict", 200, 0.001, 0.0, time.time(), "1", None, None, head
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=50)
    rounds = parser.parse_args().rounds
    with receive() as url, trace(url, 0.0) as never, trace(url, 1.0) as always:
        cases = {
            "off": Case(None, ENVIRON),
            "not sampled": Case(never, ENVIRON),
            "not sampled by its caller": Case(
                never, ENVIRON | {"HTTP_TRACEPARENT": TRACEPARENT}
            ),
            "sampled and sent": Case(always, ENVIRON),
        }
        for name, microseconds in compare(cases, rounds).items():
            print(f"{name}: {microseconds:.1f} µs")


def compare(cases: dict[str, Case], rounds: int) -> dict[str, float]:
    """Return the additional time of each case, in microseconds per request."""
    measured = [
        {name: case.measure() for name, case in cases.items()} for _ in range(rounds)
    ]
    first = next(iter(cases))
    return {
        name: median(each[name] - each[first] for each in measured)
        for name in cases
        if name != first
    }


@contextmanager
def trace(url: str, ratio: float) -> Iterator[Tracing]:
    """Trace a share of the requests."""
    config = Config(otlp_endpoint=url, traces_ratio=ratio)
    tracing = Tracing(config, ServiceMetrics(Flask(__name__)))
    tracing.start()
    yield tracing
    tracing.stop()


@contextmanager
def receive() -> Iterator[str]:
    """Run a process that receives spans; yield its URL."""
    ports: Queue[int] = Queue()
    process = Process(target=run_receiver, args=[ports], daemon=True)
    process.start()
    yield f"http://127.0.0.1:{ports.get()}"
    process.terminate()


class Receiver(BaseHTTPRequestHandler):
    """Accepts all requests."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Read the body and respond."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Log nothing."""


def run_receiver(ports: "Queue[int]") -> None:
    """Receive spans until terminated."""
    server = HTTPServer(("127.0.0.1", 0), Receiver)
    ports.put(server.server_port)
    server.serve_forever()


if __name__ == "__main__":
    main()
