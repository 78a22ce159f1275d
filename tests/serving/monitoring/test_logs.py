import json
import logging
import select

import pytest

from serving.monitoring.logs import JsonFormatter, TextFormatter, redact
from serving.monitoring.observers import CompletedRequest
from serving.monitoring.request_monitor import log_requests


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
    ],
)
def test_redact_removes_credentials_from_urls(text, redacted):
    assert redact(text) == redacted


@pytest.mark.parametrize(
    "text", ["really? yes=no", "https://host/path", "is it 5?", "item #1 = 2"]
)
def test_redact_keeps_other_text(text):
    assert redact(text) == text


@pytest.fixture
def records(caplog):
    """Log some requests, the first one in the year 2001."""

    def log(number: int, request_id: str = "id") -> list[logging.LogRecord]:
        caplog.set_level(logging.INFO, "serving.requests")
        log_requests(
            [
                CompletedRequest("GET", "/model", 200, 0.1, 0.0, 1e9 + i, request_id)
                for i in range(number)
            ]
        )
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


def test_lines_that_are_written_together_fit_into_one_piece_of_a_pipe(records):
    text = JsonFormatter().format(records(100, "x" * 128)[0])

    assert text.count("\n") > 1
    assert len(text) < select.PIPE_BUF
