"""Traces, exemplars and log lines of a real gunicorn."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
import requests
import yaml

from serving.monitoring.tracing.exemplars import LATENCY

pytestmark = pytest.mark.slow

PROJECT = Path(__file__).resolve().parents[4]
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
OPENMETRICS = {"Accept": "application/openmetrics-text; version=1.0.0"}


@pytest.fixture(params=["asyncio", "gthread"])
def worker_class(request) -> str:
    return request.param


@pytest.fixture
def serve(filled, collector):
    """Return a function that starts a server with traces."""
    return partial(filled, otlp_endpoint=collector.url, workers=2)


@pytest.fixture
def find_spans(collector, eventually):
    """Return a function that waits for the spans of a route."""

    def find_spans(route: str, number: int = 1) -> list:
        def found() -> list:
            return [each for each in list(collector.spans) if each.route == route]

        eventually(lambda: len(found()) >= number, f"spans of {route}")
        return found()

    return find_spans


def test_a_trace_leads_to_its_log_line_and_back(
    serve, worker_class, find_spans, setosa, eventually
):
    server = serve(worker_class=worker_class)
    headers = {"traceparent": f"00-{TRACE}-{PARENT}-01"}

    url = f"{server.url}/predict"
    answer = requests.post(url, json=setosa, headers=headers, timeout=10)

    [span] = find_spans("/predict")
    assert (span.trace_id, span.parent_id) == (TRACE, PARENT)
    assert span.attributes["server.address"] == "127.0.0.1"
    assert span.attributes["server.port"] == server.port
    assert span.attributes["network.protocol.version"] == "1.1"

    def find_lines() -> list[dict]:
        lines = server.logged("request")
        return [line for line in lines if line.get("trace_id") == TRACE]

    eventually(find_lines, "the line is written")
    [line] = find_lines()
    assert line["span_id"] == span.span_id
    assert line["prediction_id"] == answer.headers["X-Prediction-ID"]
    assert line["prediction_id"] == span.attributes["serving.prediction.id"]


def test_replacement_workers_trace_too(serve, worker_class, collector, eventually):
    server = serve(worker_class=worker_class, workers=2)

    def find_instances() -> set[str]:
        """Return the ids of the processes that have sent spans."""
        with suppress(requests.RequestException):  # while workers start
            requests.get(f"{server.url}/ping", timeout=10)
        return {each.resource["service.instance.id"] for each in list(collector.spans)}

    eventually(lambda: len(find_instances()) == 2, "both workers trace")
    first = server.workers()
    for worker in first:
        os.kill(worker, signal.SIGKILL)
    eventually(lambda: not set(first) & set(server.workers()), "others work")

    eventually(lambda: len(find_instances()) == 4, "they trace")


def test_a_silent_collector_stops_neither_predictions_nor_the_service(
    serve, worker_class, collector
):
    server = serve(worker_class=worker_class, workers=1)
    collector.open.clear()

    assert all(server.predict().ok for _ in range(20))
    server.process.terminate()

    assert server.process.wait(60) == 0
    assert not collector.open.is_set()  # it has never responded
    # The worker gave up before gunicorn would have killed it.
    assert server.logged("spans were not sent")


def test_without_a_collector_no_worker_loads_opentelemetry(tmp_path):
    script = """
import sys
from serving import create_app
app = create_app()
app.test_client().get("/ping")
app.extensions["serving"].stop()
print([name for name in sys.modules if name.startswith("opentelemetry")])
"""
    environ = {name: each for name, each in os.environ.items() if name[:5] != "OTEL_"}
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env=environ | {"PYTHONPATH": str(PROJECT), "OTEL_TRACES_SAMPLER_ARG": "0.5"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.splitlines()[-1] == "[]"


def find_named_spans(server) -> set[str]:
    """Return the span ids in a scrape."""
    text = requests.get(f"{server.url}/metrics", headers=OPENMETRICS, timeout=10).text
    lines = [line for line in text.splitlines() if line.startswith(LATENCY)]
    return {line.split('span_id="')[1][:16] for line in lines if "span_id" in line}


def test_each_worker_shows_the_exemplars_of_all(serve, find_spans, eventually):
    server = serve(workers=2)
    for _ in range(10):
        requests.get(f"{server.url}/ping", timeout=10)
    spans = find_spans("/ping", 10)
    newest = max(spans, key=lambda each: each.end).span_id

    def is_shown() -> bool:
        """Scrape often enough to reach each worker."""
        return all(newest in find_named_spans(server) for _ in range(20))

    eventually(is_shown, "all scrapes show it")


def test_the_exemplars_of_ended_workers_are_forgotten(serve, find_spans, eventually):
    server = serve(workers=2)
    server.get("/ping")
    [span] = find_spans("/ping")
    eventually(lambda: span.span_id in find_named_spans(server), "it is shared")

    for worker in server.workers():
        os.kill(worker, signal.SIGTERM)

    eventually(lambda: span.span_id not in find_named_spans(server), "it is forgotten")


def test_prometheus_stores_the_exemplars(
    serve, requires, tmp_path, find_spans, eventually
):
    program = requires("prometheus")
    server = serve()
    server.predict()
    [span] = find_spans("/predict")
    config = tmp_path / "prometheus.yml"
    scrape = {
        "job_name": "serving",
        "scrape_interval": "1s",
        "static_configs": [{"targets": [f"127.0.0.1:{server.port}"]}],
    }
    config.write_text(yaml.safe_dump({"scrape_configs": [scrape]}))
    with socket.create_server(("127.0.0.1", 0)) as probe:
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    command = [
        program,
        "--enable-feature=exemplar-storage",
        f"--config.file={config}",
        f"--storage.tsdb.path={tmp_path}/data",
        f"--web.listen-address={address}",
    ]
    query = {
        "query": f'{LATENCY}_bucket{{route="/predict"}}',
        "start": time.time() - 600,
        "end": time.time() + 600,
    }

    def find_exemplars() -> list[dict]:
        try:
            url = f"http://{address}/api/v1/query_exemplars"
            found = requests.get(url, params=query, timeout=10).json()["data"]
        except (requests.ConnectionError, ValueError, KeyError):
            return []
        return [each for series in found for each in series["exemplars"]]

    with (tmp_path / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        eventually(find_exemplars, "the exemplar is stored")
        [exemplar] = find_exemplars()
    finally:
        process.terminate()
        process.wait()

    assert exemplar["labels"] == {"trace_id": span.trace_id, "span_id": span.span_id}
    assert 0 < float(exemplar["value"]) < 10
