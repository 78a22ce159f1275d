import json
import logging
import re
import sys

import pytest

from serving.config import Config
from serving.http.application import SECURITY_HEADERS
from serving.monitoring.logs import (
    JsonFormatter,
    TextFormatter,
    logging_settings,
)
from serving.service import the_service


def test_the_clients_request_id_is_used(client):
    answer = client.get("/health/live", headers={"X-Request-ID": "my-id:1"})

    assert answer.headers["X-Request-ID"] == "my-id:1"


@pytest.mark.parametrize("sent", [None, "", "a b", "x" * 200, "<script>"])
def test_an_invalid_or_missing_request_id_is_replaced(client, sent):
    headers = {} if sent is None else {"X-Request-ID": sent}

    answer = client.get("/health/live", headers=headers)

    assert re.fullmatch("[0-9a-f]{32}", answer.headers["X-Request-ID"])


@pytest.mark.parametrize("path", ["/health/live", "/none", "/docs", "/predict"])
def test_every_response_has_security_headers(client, path):
    expected = {name for name, _ in SECURITY_HEADERS}

    assert expected <= set(client.get(path).headers.keys())


def flush(client) -> None:
    service = the_service(client.application)
    service.requests.flush()
    service.request_log.flush()


def test_a_request_is_logged_in_one_line(client, setosa, caplog):
    caplog.set_level(logging.INFO, "serving.requests")

    answer = client.post("/predict", json=setosa)
    flush(client)

    [(_, fields)] = caplog.records[-1].lines
    assert fields["request_id"] == answer.headers["X-Request-ID"]
    assert (fields["route"], fields["status"]) == ("/predict", 200)
    assert fields["version"] == "3"
    assert fields["milliseconds"] > 0


def test_unknown_urls_are_one_route_in_the_log(client, caplog):
    caplog.set_level(logging.INFO, "serving.requests")

    client.get("/what/ever")
    flush(client)

    [(_, fields)] = caplog.records[-1].lines
    assert fields["route"] == "unknown"
    assert "version" not in fields


@pytest.fixture
def record() -> logging.LogRecord:
    try:
        raise ValueError("postgresql://me:secret@host/db fails")
    except ValueError:
        error = sys.exc_info()
    made = logging.LogRecord(
        "serving",
        logging.ERROR,
        "file",
        1,
        "at %s",
        ("http://me:secret@host/x",),
        error,
    )
    made.fields = {"version": "3"}
    return made


@pytest.mark.parametrize("formatter", [JsonFormatter(), TextFormatter()])
def test_no_credentials_reach_a_log(record, formatter):
    text = formatter.format(record)

    assert "secret" not in text
    assert "***@host" in text


def test_json_lines_hold_fields(record):
    entry = json.loads(JsonFormatter().format(record))

    assert entry["version"] == "3"
    assert entry["level"] == "ERROR"


def test_text_lines_are_for_people(record):
    first, *traceback = TextFormatter().format(record).splitlines()

    assert first.endswith(" ERROR   at http://***@host/x version=3")
    assert traceback


@pytest.mark.parametrize(
    ("log_format", "terminal", "formatter"),
    [
        ("auto", True, TextFormatter),
        ("auto", False, JsonFormatter),
        ("json", True, JsonFormatter),
        ("text", False, TextFormatter),
    ],
)
def test_the_format_suits_the_reader(monkeypatch, log_format, terminal, formatter):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal, raising=False)

    settings = logging_settings(Config(log_format=log_format))

    assert settings["formatters"]["chosen"]["()"] is formatter
