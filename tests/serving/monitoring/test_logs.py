import json
import logging
import select

import pytest

from serving.monitoring.logs import JsonFormatter, TextFormatter, redact
from serving.monitoring.observations import CompletedRequest, Observation
from serving.monitoring.request_monitor import log_requests
from serving.monitoring.tracing.context import TraceIds


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        (
            "403 for https://b.s3.amazonaws.com/m.onnx?X-Amz-Signature=abc&X-Amz-Date=1",
            "403 for https://b.s3.amazonaws.com/m.onnx?***",
        ),
        (
            "<https://a.blob.core.windows.net/c/m?sv=1&sig=a%2Fb%3D> failed",
            "<https://a.blob.core.windows.net/c/m?***> failed",
        ),
        (
            "https://storage.googleapis.com/b/m?X-Goog-Signature=ab (gone)",
            "https://storage.googleapis.com/b/m?*** (gone)",
        ),
        (
            "exceeded with url: /bucket/m.onnx?AWSAccessKeyId=me&Signature=abc (Caused",
            "exceeded with url: /bucket/m.onnx?*** (Caused",
        ),
        ("https://me:secret@host/?token=abc", "https://***@host/?***"),
        ("https://host/cb#access_token=abc", "https://host/cb?***"),
        ("http://me:p@ss@host/x", "http://***@host/x"),
    ],
)
def test_redact_removes_credentials_from_urls(text, redacted):
    assert redact(text) == redacted


@pytest.mark.parametrize(
    "text", ["really? yes=no", "https://host/path", "item #1 = 2", "me@example.org"]
)
def test_redact_keeps_other_text(text):
    assert redact(text) == text


@pytest.fixture
def records(caplog):
    """Log some requests, the first one in the year 2001."""

    def log(number: int, **changes: object) -> list[logging.LogRecord]:
        caplog.set_level(logging.INFO, "serving.requests")
        request = CompletedRequest("GET", "/model", 200, 0.1, 0.0, 0, "id")
        log_requests([request._replace(time=1e9 + i, **changes) for i in range(number)])
        return caplog.records

    return log


def test_each_request_has_a_line_of_json_with_its_time(records):
    text = "\n".join(map(JsonFormatter().format, records(20)))

    entries = [json.loads(line) for line in text.splitlines()]
    assert [entry["time"][17:19] for entry in entries[:3]] == ["40", "41", "42"]
    assert {entry["route"] for entry in entries} == {"/model"}
    assert len(entries) == 20


def test_each_request_has_a_line_of_text(records):
    lines = TextFormatter().format(records(3)[0]).splitlines()

    assert [line[6:8] for line in lines] == ["40", "41", "42"]
    assert all(" INFO    request request_id=id " in line for line in lines)


def test_lines_written_together_are_atomic_in_a_pipe(records, load, iris_bytes):
    model = load(iris_bytes, "1234567")
    rows = model.contract.golden_rows.inputs[:1]
    route = "/v2/models/<name>/versions/<version>/infer"
    longest = {
        "request_id": "x" * 128,
        "method": "OPTIONS",
        "route": route,
        "seconds": 12.345678,
        "observation": Observation(
            model, rows, model.predict(rows), "p" * 32, "x" * 128, route, 1e9
        ),
        "trace": TraceIds("t" * 32, "s" * 16),
    }
    [record, *_] = records(100, **longest)
    record.process = 4_194_304  # the largest that Linux has

    text = JsonFormatter().format(record)

    assert text.count("\n") > 1
    assert len(text) < select.PIPE_BUF


def test_the_ids_of_prediction_and_trace_are_in_the_line(records, iris):
    rows = iris.contract.golden_rows.inputs[:1]
    seen = Observation(iris, rows, iris.predict(rows), "p1", "id", "/predict", 1e9)

    [record] = records(1, observation=seen, trace=TraceIds("t1", "s1"))

    entry = json.loads(JsonFormatter().format(record))
    assert entry["prediction_id"] == "p1"
    assert (entry["trace_id"], entry["span_id"]) == ("t1", "s1")


def test_a_request_that_is_not_sampled_has_no_span_to_look_for(records):
    [record] = records(1, trace=TraceIds("t1"))

    entry = json.loads(JsonFormatter().format(record))
    assert entry["trace_id"] == "t1"
    assert "span_id" not in entry
