"""Traces of applications in this process, as received by a collector."""

import time

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from serving import __version__
from serving.config import Config
from serving.monitoring.tracing.context import LONGEST_HEADER, LONGEST_PATH, read_head
from serving.monitoring.tracing.tracing import create_sampler

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SAMPLED, UNSAMPLED = f"00-{TRACE}-{PARENT}-01", f"00-{TRACE}-{PARENT}-00"


def test_a_span_describes_request_and_prediction(traced, finish, collector, setosa):
    client = traced()
    before = time.time_ns()

    answer = client.post(
        "/predict", json=setosa, headers={"Host": "iris.example.org:8443"}
    )
    finish(client)

    [span] = collector.spans
    assert span.name == "POST /predict"
    assert span.is_server
    assert not span.is_error
    assert before <= span.start < span.end <= time.time_ns()
    assert span.attributes.pop("serving.wait_seconds") >= 0
    assert span.attributes == {
        "http.request.method": "POST",
        "http.response.status_code": 200,
        "http.route": "/predict",
        "network.protocol.version": "1.1",
        "server.address": "iris.example.org",
        "server.port": 8443,
        "url.path": "/predict",
        "url.scheme": "http",
        "serving.request.id": answer.headers["X-Request-ID"],
        "serving.prediction.id": answer.headers["X-Prediction-ID"],
        "serving.model.name": "iris",
        "serving.model.version": "3",
        "serving.rows": 1,
    }


def test_a_span_starts_a_new_trace_without_a_parent(traced, finish, collector):
    client = traced()

    for _ in range(2):
        client.get("/health/live")
    finish(client)

    first, second = collector.spans
    assert first.parent_id == second.parent_id == ""
    assert first.trace_id != second.trace_id


def test_the_callers_trace_is_continued(traced, finish, collector):
    client = traced(traces_ratio=0.0)
    headers = {"traceparent": SAMPLED, "tracestate": "vendor=opaque,other=2"}

    client.get("/model", headers=headers)
    finish(client)

    [span] = collector.spans
    assert (span.trace_id, span.parent_id) == (TRACE, PARENT)
    assert span.trace_state == "vendor=opaque,other=2"


def test_requests_that_the_caller_does_not_sample_have_no_span(
    traced, finish, collector
):
    client = traced()

    client.get("/model", headers={"traceparent": UNSAMPLED})
    finish(client)

    assert collector.spans == []
    assert collector.requests == []


@pytest.mark.parametrize(("ratio", "fewest", "most"), [(0, 0, 0), (0.5, 60, 140)])
def test_the_ratio_decides_without_a_parent(
    traced, finish, collector, ratio, fewest, most
):
    client = traced(traces_ratio=ratio)

    for _ in range(200):
        client.get("/health/live")
    finish(client)

    assert fewest <= len(collector.spans) <= most


@pytest.mark.parametrize(
    ("sampler", "alone", "in_sampled", "in_unsampled"),
    [
        ("always_on", 1, 1, 1),
        ("always_off", 0, 0, 0),
        ("traceidratio", 0, 0, 0),
        ("parentbased_always_on", 1, 1, 0),
        ("parentbased_always_off", 0, 1, 0),
        ("parentbased_traceidratio", 0, 1, 0),
    ],
)
def test_all_samplers_of_opentelemetry_can_be_chosen(
    traced, finish, collector, sampler, alone, in_sampled, in_unsampled
):
    client = traced(traces_sampler=sampler, traces_ratio=0.0)

    client.get("/ping")
    client.get("/health/live", headers={"traceparent": SAMPLED})
    client.get("/health/ready", headers={"traceparent": UNSAMPLED})
    finish(client)

    routes = [span.route for span in collector.spans]
    assert routes.count("/ping") == alone
    assert routes.count("/health/live") == in_sampled
    assert routes.count("/health/ready") == in_unsampled


def test_the_default_sampler_is_that_of_opentelemetry():
    sampler = create_sampler(Config())

    assert sampler.should_sample(None, 2**128 - 1, "").decision.is_sampled()


def test_a_failure_of_the_service_is_an_error(traced, finish, collector, monkeypatch):
    client = traced()
    service = client.application.extensions["serving"]
    monkeypatch.setattr(service.current, "get", lambda: 1 / 0)

    answer = client.get("/model")
    finish(client)

    [span] = collector.spans
    assert answer.status_code == span.attributes["http.response.status_code"] == 500
    assert span.attributes["error.type"] == "500"
    assert span.is_error


def test_a_client_error_is_not_an_error_of_the_service(traced, finish, collector):
    client = traced()

    assert client.post("/predict", json={}).status_code == 422
    finish(client)

    [span] = collector.spans
    assert span.attributes["http.response.status_code"] == 422
    assert not span.is_error
    assert "error.type" not in span.attributes


def test_invented_paths_and_methods_do_not_name_spans(traced, finish, collector):
    client = traced()

    client.get("/invented/ü")
    client.open("/predict", method="INVENTED")
    finish(client)

    first, second = collector.spans
    assert first.name == "GET"
    assert first.attributes["url.path"] == "/invented/ü"
    assert "http.route" not in first.attributes
    assert second.name == "HTTP"
    assert second.attributes["http.request.method"] == "_OTHER"


def test_opentelemetrys_variables_describe_the_service(
    traced, finish, collector, monkeypatch
):
    monkeypatch.setenv("OTEL_SERVICE_NAME", "flowers")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20key")
    client = traced()

    client.get("/ping")
    finish(client)

    resource = collector.spans[0].resource
    assert resource["service.name"] == "flowers"
    assert resource["service.version"] == __version__
    assert resource["deployment.environment.name"] == "test"
    [(path, headers)] = collector.requests
    assert path == "/v1/traces"
    assert headers["authorization"] == "Bearer key"


def test_the_service_has_a_default_name(traced, finish, collector):
    client = traced()

    client.get("/ping")
    finish(client)

    name = collector.spans[0].resource["service.name"]
    assert name == client.get("/v2").json["name"]


def test_traces_may_have_a_separate_endpoint(traced, finish, collector):
    client = traced(
        otlp_endpoint="http://127.0.0.1:9", otlp_traces_endpoint=f"{collector.url}/own"
    )

    client.get("/ping")
    finish(client)

    assert [path for path, _ in collector.requests] == ["/own"]


texts = st.text(st.characters(max_codepoint=255), max_size=80)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(texts, texts, texts, texts)
@example(SAMPLED, "=", "/\xff", "[::1")
@example(SAMPLED, "a=1,a=2", "/", "a:b:c")
@example(f"01-{TRACE}-{PARENT}-01-more", "", "/", "host:99999")
@example(f"ff-{TRACE}-{PARENT}-01", "", "/", "[v1.x]")
@example(f"00-{'0' * 32}-{PARENT}-00", "", "/", "")
@example(f"00-{TRACE}-{'0' * 16}-00", "", "/", "")
def test_no_head_raises_an_error(shared_tracing, parent, state, path, host):
    environ = {
        "HTTP_TRACEPARENT": parent,
        "HTTP_TRACESTATE": state,
        "HTTP_HOST": host,
        "PATH_INFO": path,
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
    }
    tracing, request = shared_tracing

    [traced] = tracing.trace([request._replace(head=read_head(environ))])

    assert traced.trace.span_id or parent == UNSAMPLED


@pytest.fixture
def shared_tracing(traced, complete):
    """Return the tracing of an application, and a request to be traced."""
    service = traced().application.extensions["serving"]
    return service.tracing, complete()


def test_a_malformed_head_is_not_logged(traced, finish, caplog):
    client = traced()

    client.get("/ping", headers={"traceparent": SAMPLED, "tracestate": "=;"})
    client.get("/ping", headers={"traceparent": "0" * 5000})
    finish(client)

    assert [record for record in caplog.records if record.levelname != "INFO"] == []


def test_the_memory_of_a_head_is_limited():
    environ = {
        "HTTP_TRACEPARENT": "0" * 60_000,
        "HTTP_TRACESTATE": "a=1," * 15_000,
        "HTTP_HOST": "h" * 60_000,
        "PATH_INFO": "/" * 60_000,
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
    }

    head = read_head(environ)

    assert sum(map(len, head)) < LONGEST_PATH + 2 * LONGEST_HEADER
    assert head.tracestate == ""
