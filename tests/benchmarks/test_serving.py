"""The fast parts of the serving benchmark."""

import json
import os
import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from tritonclient.utils import serialize_byte_tensor

from benchmarks.serving import contenders, load, report

ROWS = [[5.1, 3.5, 1.4, 0.2], [6.0, 3.0, 4.8, 1.8]]
LENGTH = "Inference-Header-Content-Length"
TUNED = "FastAPI, ONNX, tuned"
WRK = """Running 3s test @ http://127.0.0.1:8000/predict
  1 threads and 16 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     3.90ms    1.02ms  21.06ms   92.16%
    Req/Sec     4.13k   205.51     4.38k    86.67%
  Latency Distribution
     50%    3.65ms
     75%    3.90ms
     90%  990.00us
     99%    1.02s
  12332 requests in 3.00s, 7.10MB read
Requests/sec:   4110.13
Transfer/sec:      2.37MB
"""


@pytest.fixture
def results():
    ours = {
        "requests": [4000.0, 2000.0],
        "p50": [0.5, 0.5],
        "bulk": [6e6, 3e6],
        "cpu": [180.0, 200.0],
        "failed": [0.0, 1.0],
    }
    tuned = {
        "requests": [2000.0, 2000.0],
        "p50": [0.5, 1.0],
        "bulk": [1e6, 1e6],
        "cpu": [250.0, 250.0],
        "failed": [0.0, 0.0],
    }
    mlserver = {"requests": [500.0, 500.0], "bulk": [2e6, 1.5e6], "failed": [0.0, 0.0]}
    return {
        "random_forest": {"iris-kedro": ours, TUNED: tuned, "MLServer": mlserver},
    }


@pytest.fixture
def listener():
    """Respond to every request, and record its headers and body."""
    seen = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            length = int(self.headers["Content-Length"])
            seen.append((dict(self.headers), self.rfile.read(length)))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            """Do not log requests."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/", seen
        server.shutdown()


def test_output_of_wrk_is_parsed():
    measured = load.parse_wrk(WRK)

    assert (measured.answers, measured.per_second) == (12332, 4110.13)
    assert (measured.p50, measured.p99) == (3.65, 1020.0)
    assert measured.failed == 0


def test_failures_of_wrk_are_counted():
    failed = "  Socket errors: connect 1, read 2, write 3, timeout 4\n"
    failed += "  Non-2xx or 3xx responses: 90\n"

    assert load.parse_wrk(WRK + failed).failed == 100


def test_output_that_is_not_from_wrk_is_an_error():
    with pytest.raises(ValueError, match="connection refused"):
        load.parse_wrk("connection refused")


@pytest.mark.parametrize("with_wrk", [True, False])
def test_load_sends_all_headers_and_the_body(listener, monkeypatch, with_wrk):
    if not with_wrk:
        monkeypatch.setattr(shutil, "which", lambda _: None)
    elif not shutil.which("wrk"):
        pytest.skip("wrk is not installed")
    url, seen = listener
    message = contenders.write_binary(ROWS)

    measured = load.load(load.Request(url, *message), 1, 1, os.sched_getaffinity(0))

    headers, body = seen[0]
    assert body == message.body
    assert message.headers.items() <= headers.items()
    assert (measured.answers > 0, measured.failed) == (True, 0)


@pytest.mark.parametrize("form", ["row", "objects", "matrix", "csv"])
def test_our_formats_contain_the_rows(form):
    message = contenders.OURS.forms[form].write(ROWS)

    assert b"5.1" in message.body
    assert (b"6.0" in message.body) == (form != "row")


def test_binary_request_is_json_and_a_tensor():
    body, headers = contenders.OURS.forms["binary"].write(ROWS)

    length = int(headers[LENGTH])
    (tensor,) = json.loads(body[:length])["inputs"]
    assert (tensor["shape"], tensor["datatype"]) == ([2, 4], "FP32")
    assert body[length:] == np.array(ROWS, dtype="<f4").tobytes()


def test_binary_response_is_decoded():
    labels = serialize_byte_tensor(np.array([b"setosa", b"virginica"])).item()
    probabilities = np.array([[0.75, 0.25], [0.5, 0.5]], dtype="<f4")
    outputs = [
        describe("label", "BYTES", [2], labels),
        describe("probabilities", "FP32", [2, 2], probabilities.tobytes()),
    ]
    header = json.dumps({"outputs": outputs}).encode()
    form = contenders.OURS.forms["binary"]

    answer = form.parse(
        header + labels + probabilities.tobytes(), {LENGTH: str(len(header))}
    )

    assert form.read(answer) == ["setosa", "virginica"]
    assert answer["probabilities"].tolist() == probabilities.tolist()


def describe(name, datatype, shape, content):
    parameters = {"binary_data_size": len(content)}
    return {
        "name": name,
        "datatype": datatype,
        "shape": shape,
        "parameters": parameters,
    }


def test_ratio_is_the_median_of_the_rounds(results):
    ratio = report.ratio

    assert ratio(results, "random_forest", "requests", TUNED) == 1.5
    assert ratio(results, "random_forest", "csv", TUNED) is None


def test_binary_tensors_are_compared_with_the_best_contender(results):
    line = report.describe_bulk(results, "random_forest")

    assert "4,500,000 rows/s, 2.50 times" in line
    assert "MLServer, with 1,750,000" in line


@pytest.mark.parametrize("missing", ["iris-kedro", "others"])
def test_binary_tensors_are_not_compared_with_nothing(results, missing):
    kept = results["random_forest"]
    for name in [name for name in kept if (name == "iris-kedro") == (missing == name)]:
        del kept[name]

    assert report.describe_bulk(results, "random_forest") == ""


def test_results_are_written_with_a_picture(results, tmp_path):
    file = tmp_path / "RESULTS.md"
    file.write_text("# Results\n")
    results["logistic_regression"] = results["random_forest"]

    report.write_results(results, ["- alone"], "x 1.0", "make bench", file)

    text = file.read_text()
    assert "| iris-kedro | 3,000 | 0.50 |" in text
    assert f"| {TUNED} | 2,000 (1.50) | 0.75 (0.75) |" in text
    assert "10,000 rows as binary tensors: 4,500,000 rows/s" in text
    assert "- alone" in text
    assert "<svg" in (tmp_path / "results.svg").read_text()


def test_results_of_one_model_replace_only_its_section(results, tmp_path):
    file = tmp_path / "RESULTS.md"
    kept = (
        "# Results\n\n<!-- introduction -->\nall models\n<!-- end of introduction -->\n"
    )
    section = "<!-- random_forest -->\nold table\n<!-- end of random_forest -->\n"
    remark = "\nMeasured on another day.\n\n## The loop\n\nA minute.\n"
    file.write_text(kept + section + remark)

    report.write_results(results, [], "x 1.0", "make bench", file)

    text = file.read_text()
    assert text.startswith(kept)
    assert text.endswith(remark)
    assert "old table" not in text
    assert "| iris-kedro | 3,000 | 0.50 |" in text
    assert not (tmp_path / "results.svg").exists()


@pytest.mark.parametrize("figure", ["matrix", "objects"])
def test_picture_has_the_batches_that_were_measured(results, tmp_path, figure):
    results["random_forest"]["iris-kedro"][figure] = [7654321.0]

    report.draw(results, tmp_path / "results.svg")

    assert "7,654,321" in (tmp_path / "results.svg").read_text()
