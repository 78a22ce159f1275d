"""The parts of the serving benchmark that measure nothing."""

import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks" / "serving"
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
def modules(monkeypatch):
    """Import the benchmark's modules as its script does."""
    monkeypatch.syspath_prepend(str(FOLDER))
    names = ("contenders", "load", "report")
    yield {name: __import__(name) for name in names}
    for name in names:
        del sys.modules[name]


@pytest.fixture
def results():
    ours = {"requests": [4000.0, 2000.0], "p50": [0.5, 0.5], "failed": [0.0, 1.0]}
    tuned = {"requests": [2000.0, 2000.0], "p50": [0.5, 1.0], "failed": [0.0, 0.0]}
    return {"random_forest": {"iris-kedro": ours, "FastAPI, ONNX, tuned": tuned}}


def test_wrk_is_read(modules):
    measured = modules["load"].parse_wrk(WRK)

    assert measured.per_second == 4110.13
    assert (measured.p50, measured.p99) == (3.65, 1020.0)
    assert measured.failed == 0


def test_failures_of_wrk_are_counted(modules):
    failed = "  Socket errors: connect 1, read 2, write 3, timeout 4\n"
    failed += "  Non-2xx or 3xx responses: 90\n"

    assert modules["load"].parse_wrk(WRK + failed).failed == 100


def test_what_wrk_does_not_print_is_an_error(modules):
    with pytest.raises(ValueError, match="connection refused"):
        modules["load"].parse_wrk("connection refused")


def test_ratio_is_the_median_of_the_rounds(modules, results):
    other = "FastAPI, ONNX, tuned"
    ratio = modules["report"].ratio

    assert ratio(results, "random_forest", "requests", other) == 1.5
    assert ratio(results, "random_forest", "csv", other) is None


def test_results_are_written_with_a_picture(modules, results, tmp_path):
    file = tmp_path / "RESULTS.md"

    modules["report"].write_results(results, ["- alone"], "x 1.0", "make bench", file)

    text = file.read_text()
    assert "| iris-kedro | 3,000 | 0.50 |" in text
    assert "| FastAPI, ONNX, tuned | 2,000 (1.50) | 0.75 (0.75) |" in text
    assert "- alone" in text
    assert "<svg" in (tmp_path / "results.svg").read_text()


@pytest.mark.parametrize("form", ["row", "objects", "matrix", "csv"])
def test_our_forms_are_what_the_service_takes(modules, form):
    taken = modules["contenders"].OURS.forms[form]
    content = taken.write([[5.1, 3.5, 1.4, 0.2], [6.0, 3.0, 4.8, 1.8]])

    assert b"5.1" in content
    assert (b"6.0" in content) == (form != "row")
