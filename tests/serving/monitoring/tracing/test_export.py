"""A collector that is down, slow or refuses spans only affects traces."""

import pytest
from opentelemetry.sdk.trace.export import SpanExporter
from prometheus_client import CollectorRegistry, Counter

from serving.monitoring.tracing import export, tracing

NOT_SENT, SENT_AGAIN = "traces cannot be sent", "traces are sent again"


def count(client, result: str) -> float:
    registry = client.application.extensions["serving"].metrics.registry
    return registry.get_sample_value("serving_spans_total", {"result": result})


@pytest.fixture
def logged(caplog):
    """Return a function that returns the log messages about traces."""

    def logged() -> list[str]:
        messages = (record.message for record in caplog.records)
        return [each for each in messages if each in {NOT_SENT, SENT_AGAIN}]

    return logged


@pytest.fixture
def ask(eventually):
    """Return a function that sends a request and waits until its span is processed."""

    def ask(client) -> None:
        before = count(client, "exported") + count(client, "failed")
        assert client.get("/ping").status_code == 200
        eventually(
            lambda: count(client, "exported") + count(client, "failed") > before,
            "the span is sent or given up",
        )

    return ask


def test_sent_spans_are_counted(traced, ask):
    client = traced()

    ask(client)

    results = [count(client, result) for result in export.RESULTS]
    assert results == [1, 0, 0]


def test_a_refusal_is_logged_once_with_its_reason(
    traced, ask, collector, logged, caplog
):
    collector.status = 401
    client = traced()

    ask(client)
    ask(client)

    assert logged() == [NOT_SENT]
    [record] = [each for each in caplog.records if each.message == NOT_SENT]
    assert "401" in record.fields["error"]
    assert count(client, "failed") == 2


def test_the_end_of_a_failure_is_logged(traced, ask, collector, logged):
    collector.status = 400
    client = traced()
    ask(client)

    collector.status = 200
    ask(client)
    ask(client)

    assert logged() == [NOT_SENT, SENT_AGAIN]
    assert count(client, "exported") == 2


@pytest.mark.slow
def test_a_collector_that_is_down_is_named_by_the_cause(
    traced, ask, collector, logged, caplog, monkeypatch
):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "3")
    collector.stop()
    client = traced()

    ask(client)

    assert logged() == [NOT_SENT]
    [record] = [each for each in caplog.records if each.message == NOT_SENT]
    assert "refused" in record.fields["error"]


@pytest.mark.slow
def test_credentials_of_the_collector_are_not_logged(
    traced, ask, collector, caplog, monkeypatch
):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "3")
    collector.stop()
    client = traced(otlp_endpoint=f"http://me:secret@127.0.0.1:{collector.port}")

    ask(client)

    assert "secret" not in "".join(str(vars(each)) for each in caplog.records)


class Broken(SpanExporter):
    """Raise, which no exporter should do."""

    def export(self, spans):
        raise OSError("no certificate")


def test_an_exporter_that_raises_releases_its_reservation(monkeypatch, caplog):
    monkeypatch.setattr(export, "MOST_WAITING", 1)
    registry = CollectorRegistry()
    spans = Counter("spans", "Spans", ["result"], registry=registry)
    exporter = export.BoundedExporter(Broken(), spans)

    for _ in range(2):
        assert exporter.reserve()
        exporter.export([None])

    assert registry.get_sample_value("spans_total", {"result": "failed"}) == 2
    assert [record.fields["error"] for record in caplog.records] == [
        "OSError: no certificate"
    ]


def test_waiting_spans_are_limited_and_dropped_ones_counted(
    traced, collector, monkeypatch, eventually
):
    monkeypatch.setattr(export, "MOST_WAITING", 20)
    monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "10")
    collector.open.clear()
    client = traced()
    service = client.application.extensions["serving"]

    answers = [client.get("/ping").status_code for _ in range(50)]
    service.requests.flush()

    assert answers == [200] * 50
    assert count(client, "dropped") == 30
    collector.open.set()
    eventually(lambda: count(client, "exported") == 20, "the others are sent")
    assert len(collector.spans) == 20


def test_a_stop_does_not_wait_for_a_collector(
    traced, collector, monkeypatch, finish, caplog
):
    monkeypatch.setattr(tracing, "STOP_SECONDS", 0.1)
    collector.open.clear()
    client = traced()
    client.get("/ping")

    finish(client)

    assert not collector.open.is_set()  # it has not responded yet
    assert count(client, "dropped") == 1
    assert caplog.records[-1].message == "spans were not sent"
    assert caplog.records[-1].fields == {"spans": 1}


def test_the_last_spans_are_sent_at_a_stop(traced, collector, monkeypatch, finish):
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "60000")
    client = traced()
    client.get("/ping")

    finish(client)

    assert len(collector.spans) == 1
