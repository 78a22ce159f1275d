import hashlib

import pytest

KEY = "correct horse battery staple"


def at(path: str) -> dict[str, str]:
    """Send a path unchanged: the client would take two slashes for a host."""
    return {"PATH_INFO": path}


@pytest.fixture
def keys_file(tmp_path):
    path = tmp_path / "keys"
    other = hashlib.sha256(b"other").hexdigest()
    digest = hashlib.sha256(KEY.encode()).hexdigest()
    path.write_text(f"# who  digest\nalice {other}\n\nbob {digest}\n")
    return path


@pytest.fixture
def protected(make_app, iris, keys_file):
    return make_app(iris, api_keys_file=keys_file).test_client()


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": f"Bearer {KEY}"},
        {"Authorization": f"bearer {KEY}"},
        {"X-API-Key": KEY},
    ],
)
def test_a_known_key_may_predict(protected, setosa, headers):
    answer = protected.post("/predict", json=setosa, headers=headers)

    assert answer.status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-API-Key": "wrong"},
        {"X-API-Key": ""},
        {"X-API-Key": "schlüssel"},
        {"Authorization": "Bearer"},
        {"Authorization": f"Basic {KEY}"},
    ],
)
@pytest.mark.parametrize(
    "path",
    [
        "/predict",
        "/predict/batch",
        "/invocations",
        "/v2/models/iris/infer",
        "/explain",
        "/feedback",
    ],
)
def test_unknown_keys_may_not_predict(protected, setosa, headers, path):
    answer = protected.post(path, json=setosa, headers=headers)

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("path", "member", "text"),
    [
        ("/predict", "detail", "The API key lacks the scope 'predict'."),
        ("/predict/batch", "detail", "The API key lacks the scope 'predict'."),
        ("/invocations", "message", "The API key lacks the scope 'predict'."),
        ("/v2/models/iris/infer", "error", "The API key lacks the scope 'predict'."),
    ],
)
def test_a_key_of_another_scope_may_not_predict(
    make_app, iris, keys_file, setosa, path, member, text
):
    keys_file.write_text(f"bob {hashlib.sha256(KEY.encode()).hexdigest()} feedback\n")
    client = make_app(iris, api_keys_file=keys_file).test_client()

    answer = client.post(path, json=setosa, headers={"X-API-Key": KEY})

    assert answer.status_code == 403
    assert answer.json[member] == text


@pytest.mark.parametrize("path", ["/feedback", "//feedback", "///feedback"])
def test_extra_slashes_bypass_no_scope(make_app, iris, keys_file, path, sqlite_url):
    client = make_app(
        iris, api_keys_file=keys_file, database_url=sqlite_url
    ).test_client()
    item = {"prediction_id": "1", "label": "setosa"}

    answer = client.post(
        "/", json=item, headers={"X-API-Key": KEY}, environ_overrides=at(path)
    )

    assert answer.status_code == 403


def test_extra_slashes_do_not_bypass_the_body_limit(make_app, iris):
    client = make_app(iris, max_row_bytes=10).test_client()

    answer = client.post("/", data=b"[" * 11, environ_overrides=at("//predict"))

    assert answer.status_code == 413


def test_too_many_requests_in_flight_are_refused(make_app, iris, setosa):
    app = make_app(iris, max_in_flight=1)
    inner = []

    @app.post("/meanwhile")
    def meanwhile():
        inner.append(app.test_client().post("/predict", json=setosa))
        return ""

    outer = app.test_client().post("/meanwhile")
    outer.close()  # as a server does after the response
    after = app.test_client().post("/predict", json=setosa)

    assert outer.status_code == 200
    assert inner[0].status_code == 429
    assert inner[0].headers["Retry-After"] == "1"
    assert after.status_code == 200


def test_metrics_port_serves_metrics_and_nothing_else(make_app, iris):
    client = make_app(iris, metrics_bind="127.0.0.1:9100").test_client()
    own = {"base_url": "http://localhost:9100"}

    assert client.get("/metrics").status_code == 404
    assert client.get("/", environ_overrides=at("//metrics")).status_code == 404
    assert client.get("/metrics", **own).status_code == 200
    assert client.get("/model", **own).status_code == 404
