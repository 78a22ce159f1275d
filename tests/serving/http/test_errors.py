import pytest
from flask import Response
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import (
    HTTPException,
    MethodNotAllowed,
    RequestedRangeNotSatisfiable,
    ServiceUnavailable,
    TooManyRequests,
    Unauthorized,
    default_exceptions,
)

MEMBERS = {"type", "title", "status", "detail", "instance", "request_id"}


@pytest.fixture
def failing(make_app, iris):
    """Make an application with a route that raises a given exception."""

    def failing(error: Exception, path: str = "/fails"):
        app = make_app(iris)

        def fail():
            raise error

        app.add_url_rule(path, "fails", fail)
        return app.test_client()

    return failing


@pytest.mark.parametrize("status", sorted(default_exceptions))
def test_every_status_has_the_same_body(failing, status):
    answer = failing(default_exceptions[status]()).get("/fails")

    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"
    assert set(answer.json) == MEMBERS
    assert answer.json["status"] == status
    assert answer.json["instance"] == "/fails"


def test_details_of_unexpected_errors_are_only_logged(failing, caplog):
    answer = failing(KeyError("secret")).get("/fails")

    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "secret" in caplog.text


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/none", {}, 404),
        ("GET", "/predict", {}, 405),
        ("DELETE", "/health/live", {}, 405),
        ("POST", "/predict", {"data": "{", "content_type": "application/json"}, 400),
        ("POST", "/predict", {"data": "", "content_type": "application/json"}, 400),
        ("POST", "/predict", {"data": "NaN", "content_type": "application/json"}, 400),
        ("POST", "/predict", {"data": "{}", "content_type": "text/plain"}, 415),
        ("POST", "/predict", {"data": "{}"}, 415),
        ("POST", "/predict", {"json": {}, "headers": {"Accept": "text/html"}}, 406),
        (
            "POST",
            "/predict",
            {"json": {}, "headers": {"Content-Encoding": "gzip"}},
            415,
        ),
        ("POST", "/predict", {"json": {}}, 422),
        ("POST", "/predict/batch", {"json": {"instances": [{}] * 21}}, 413),
        ("POST", "/predict/batch", {"json": {"instances": ["x" * 5000]}}, 413),
    ],
)
def test_errors_have_their_status(make_app, iris, method, path, body, status):
    client = make_app(iris, max_rows=20, max_body_bytes=4000).test_client()

    answer = client.open(path, method=method, **body)

    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"
    assert MEMBERS <= set(answer.json)


@pytest.mark.parametrize(
    ("error", "header", "value"),
    [
        (MethodNotAllowed(["POST"]), "Allow", "POST"),
        (TooManyRequests(retry_after=30), "Retry-After", "30"),
        (TooManyRequests(), "Retry-After", "1"),
        (ServiceUnavailable(retry_after=7), "Retry-After", "7"),
        (
            Unauthorized(www_authenticate=WWWAuthenticate("digest", {"realm": "a"})),
            "WWW-Authenticate",
            'Digest realm="a"',
        ),
        (Unauthorized(), "WWW-Authenticate", "Bearer"),
        (RequestedRangeNotSatisfiable(12), "Content-Range", "bytes */12"),
    ],
)
def test_headers_of_an_error_are_kept(failing, error, header, value):
    answer = failing(error).get("/fails")

    assert answer.headers.getlist(header) == [value]
    assert answer.headers.getlist("Content-Type") == ["application/problem+json"]


def test_a_response_that_an_extension_aborts_with_is_sent(failing):
    error = HTTPException(response=Response("closed", 403))

    answer = failing(error).get("/fails")

    assert (answer.status_code, answer.text) == (403, "closed")


@pytest.mark.parametrize("host", ["service.example:8443", "[", "evil.example"])
@pytest.mark.parametrize("path", ["/folder", "//folder", "/folder//"])
def test_redirects_do_not_depend_on_the_host_header(make_app, iris, host, path):
    app = make_app(iris)
    app.add_url_rule("/folder/", "folder", lambda: "")

    answer = app.test_client().get(
        query_string="a=1&b=%20",
        headers={"Host": host},
        environ_overrides={"PATH_INFO": path},
    )

    assert answer.status_code == 308
    assert answer.headers["Location"] == "/folder/?a=1&b=%20"
    assert answer.headers["X-Request-ID"]


def test_without_a_model_the_reason_is_given(make_app, setosa):
    client = make_app().test_client()

    answer = client.post("/predict", json=setosa)

    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert "follower has not checked iris@Production" in answer.json["detail"]


@pytest.mark.parametrize("path", ["/v2/none", "/v2/models/none", "/v2/models/none/x"])
def test_v2_errors_have_the_shape_of_the_protocol(client, path):
    answer = client.get(path)

    assert answer.status_code == 404
    assert set(answer.json) == {"error"}


def test_mlflow_errors_have_the_shape_of_mlflow(client):
    answer = client.post("/invocations", json={"instances": [[1, 2, 3, "x"]]})

    assert answer.status_code == 422
    assert answer.json["error_code"] == "INVALID_PARAMETER_VALUE"
    assert "/instances/0/3" in answer.json["message"]


def test_mlflow_errors_without_a_model(make_app):
    answer = make_app().test_client().get("/ping")

    assert answer.status_code == 503
    assert answer.json["error_code"] == "TEMPORARILY_UNAVAILABLE"
