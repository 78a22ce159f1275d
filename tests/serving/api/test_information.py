"""Health, model and documentation of the service."""

import time

import pytest

from serving.model.store import Store


def report(**changes):
    return {
        "reachable": True,
        "last_seen": 1_800_000_000.0,
        "unreachable_since": None,
        "version": None,
        "last_refusal": None,
        "refused": {},
    } | changes


SILENT = {"reported_at": 1_800_000_120.0, "next_report_seconds": 1.0}
REFUSAL = {
    "role": "current",
    "version": "4",
    "reason": "digest",
    "detail": "https://store.internal/?sig=1",
}


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        (None, "has not checked iris@Production"),
        (report(), "has no iris@Production"),
        (
            report(reachable=False, unreachable_since=1_800_000_000.0),
            "registry has been unreachable since 2027-01-15T08:00:00Z",
        ),
        (report(last_refusal=REFUSAL), "version 4 was refused (digest)."),
        (report(version="5"), "version 5 is being loaded"),
        (report() | SILENT, "follower has not reported since 2027-01-15T08:02:00Z"),
    ],
)
def test_readiness_gives_the_reason(make_app, config, written, reason):
    if written:
        Store(config.store).write_report(written)

    answer = make_app().test_client().get("/health/ready")

    assert answer.status_code == 503
    assert reason in answer.json["detail"]


def test_readiness_shows_since_when_the_registry_is_unreachable(make_app, iris, config):
    away = report(reachable=False, unreachable_since=1_800_000_100.0)
    Store(config.store).write_report(away)

    answer = make_app(iris).test_client().get("/health/ready")

    assert answer.status_code == 200
    assert answer.json["registry"] == {
        "reachable": False,
        "last_seen": "2027-01-15T08:00:00Z",
        "unreachable_since": "2027-01-15T08:01:40Z",
    }


def test_a_silent_follower_is_shown(make_app, iris, config):
    Store(config.store).write_report(report() | SILENT)
    client = make_app(iris).test_client()

    assert client.get("/health/ready").json["registry"] == {
        "reachable": False,
        "last_seen": "2027-01-15T08:00:00Z",
        "detail": "the follower has not reported since 2027-01-15T08:02:00Z",
    }
    assert "\nserving_registry_up 0.0\n" in client.get("/metrics").text


def test_a_recent_report_is_used(make_app, iris, config):
    now = {"reported_at": time.time(), "next_report_seconds": 75.0}
    Store(config.store).write_report(report() | now)

    answer = make_app(iris).test_client().get("/health/ready")

    assert answer.json["registry"]["reachable"] is True
    assert "detail" not in answer.json["registry"]


@pytest.mark.parametrize("path", ["/health/ready", "/model", "/status", "/metrics"])
def test_no_request_waits_for_the_store(make_app, iris, path, monkeypatch):
    apps = [make_app(iris), make_app()]
    for app in apps:
        app.extensions["serving"].stop()

    def read_report(_):
        raise TimeoutError

    monkeypatch.setattr(Store, "read_report", read_report)

    statuses = [app.test_client().get(path).status_code for app in apps]
    assert statuses == [200, 200 if path == "/metrics" else 503]


def test_a_new_report_is_shown(make_app, config, eventually):
    client = make_app().test_client()

    Store(config.store).write_report(report(version="5"))

    eventually(
        lambda: "version 5" in client.get("/health/ready").json["detail"],
        "the report is read",
    )


def test_a_report_before_the_first_poll_is_ignored(make_app, config):
    Store(config.store).write_report(report(reachable=False, last_seen=None))

    answer = make_app().test_client().get("/health/ready")

    assert "has not checked" in answer.json["detail"]


def test_a_damaged_report_is_ignored(make_app, iris, config):
    config.store.mkdir()
    (config.store / "registry.json").write_text('{"reachable": "yes", "refused": 5}')
    client = make_app(iris).test_client()

    assert client.get("/health/ready").json["registry"]["reachable"] is False
    assert client.get("/metrics").status_code == 200


def test_readiness_shows_only_the_reason_of_a_refusal(make_app, iris, config):
    Store(config.store).write_report(report(last_refusal=REFUSAL))

    answer = make_app(iris).test_client().get("/health/ready")

    assert answer.json["registry"]["last_refusal"] == {
        "role": "current",
        "version": "4",
        "reason": "digest",
    }
    assert "internal" not in answer.text


def test_a_fallback_is_shown_everywhere(make_app, load, iris_bytes, config):
    Store(config.store).write_report(report(last_refusal=REFUSAL))
    client = make_app(load(iris_bytes, alias="Previous")).test_client()
    fallback = {"alias": "Previous", "wanted": "4", "reason": "digest"}

    assert client.get("/health/ready").json["fallback"] == fallback
    assert client.get("/model").json["fallback"] == fallback
    assert "serving_model_fallback 1.0" in client.get("/metrics").text


def test_production_is_not_a_fallback(client):
    assert "fallback" not in client.get("/health/ready").json
    assert client.get("/model").json["fallback"] is None
    assert "serving_model_fallback 0.0" in client.get("/metrics").text


def test_previous_is_not_a_fallback_if_configured(make_app, load, iris_bytes):
    model = load(iris_bytes, alias="Previous")
    client = make_app(model, alias="Previous").test_client()

    assert "fallback" not in client.get("/health/ready").json


def test_readiness_names_the_last_error_but_not_its_message(make_app, iris, config):
    error = {"task": "follower", "error": "KeyError", "time": 1_800_000_000.0}
    Store(config.store).write_report(report(errors=2, last_error=error))
    app = make_app(iris)
    app.extensions["serving"].metrics.errors.record("reload", ValueError("secret"))

    answer = app.test_client().get("/health/ready")

    assert answer.json["last_errors"]["follower"] == {
        "task": "follower",
        "error": "KeyError",
        "time": "2027-01-15T08:00:00Z",
    }
    assert answer.json["last_errors"]["worker"]["error"] == "ValueError"
    assert "secret" not in answer.text


def test_errors_are_metrics(make_app, iris, config):
    written = report(errors=2, restarts=3, repairs=1, damaged="1-abc")
    Store(config.store).write_report(written)
    app = make_app(iris)
    app.extensions["serving"].metrics.errors.record("reload", ValueError("x"))

    text = app.test_client().get("/metrics").text

    assert 'serving_background_errors_total{task="reload"} 1.0' in text
    assert "serving_follower_errors_total 2.0" in text
    assert "serving_follower_restarts_total 3.0" in text
    assert "serving_store_repairs_total 1.0" in text
    assert "serving_store_damaged 1.0" in text


def test_liveness_needs_no_model(make_app):
    assert make_app().test_client().get("/health/live").status_code == 200


def test_model_shows_contract_verdict_and_metrics(client):
    answer = client.get("/model").json

    assert answer["version"] == "3"
    assert answer["alias"] == "Production"
    assert answer["verdict"] == "released"
    assert answer["reasons"] == ["better"]
    assert answer["metrics"] == {"accuracy": 0.97}
    assert answer["contract"]["features"][0]["unit"] == "cm"
    assert answer["created_at"] == "2026-11-23T00:00:00Z"
    assert answer["loaded_at"].startswith(time.strftime("%Y"))


def test_the_creation_time_of_an_older_version_is_that_of_its_contract(
    make_app, load, build_iris
):
    content = build_iris(
        run_id="0123456789abcdef", created_at="2026-01-01T00:00:00Z", git_commit="abc"
    )
    client = make_app(load(content, created_at="")).test_client()

    assert client.get("/model").json["created_at"] == "2026-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("tags", "reasons"),
    [
        ({}, []),
        ({"reasons": "free text"}, ["free text"]),
        ({"reasons": '"x"'}, ["x"]),
        pytest.param({"reasons": "[" * 5000}, [f"{'[' * 499}…"], id="unclosed"),
        pytest.param(
            {"reasons": "[" * 300 + "]" * 300},
            [f"{'[' * 300}{']' * 199}…"],
            id="deep",
        ),
    ],
)
def test_model_shows_any_tags(make_app, load, iris_bytes, tags, reasons):
    client = make_app(load(iris_bytes, tags=tags)).test_client()

    assert client.get("/model").json["reasons"] == reasons


def test_openapi_describes_the_decision_rule(make_app, load, passengers_bytes, change):
    model = load(change(passengers_bytes, target={"threshold": 0.31}))
    document = make_app(model).test_client().get("/openapi.json").json

    prediction = document["components"]["schemas"]["PredictionResponse"]["properties"][
        "prediction"
    ]
    described, decided = prediction["description"].split("\n\n")
    assert described == "Whether the passenger survived"
    assert decided == "survived is predicted if its probability is at least 0.31."


def test_openapi_documents_every_route(client):
    """An undocumented route would not be tested by schemathesis."""
    app = client.application
    documented = set(client.get("/openapi.json").json["paths"])
    hidden = {
        "/",
        "/static/<path:filename>",
        "/openapi.json",
        "/docs",
        "/docs/start.js",
        "/docs/<path:name>",
    }

    routes = {
        rule.rule.replace("<name>", "iris").replace("<version>", "3")
        for rule in app.url_map.iter_rules()
    }

    assert routes - hidden == documented


def test_openapi_requires_a_key_where_the_service_does(make_app, iris, write_keys):
    client = make_app(iris, api_keys_file=write_keys()).test_client()

    operation = client.get("/openapi.json").json["paths"]["/predict"]["post"]

    assert operation["security"] == [{"bearer": []}, {"header": []}]
    assert "401" in operation["responses"]


def test_docs_load_nothing_from_other_hosts(client):
    page = client.get("/docs")

    assert page.status_code == 200
    assert "http" not in page.text
    for asset in ("swagger-ui.css", "swagger-ui-bundle.js", "start.js"):
        answer = client.get(f"/docs/{asset}")
        assert answer.status_code == 200
        answer.close()


@pytest.mark.parametrize("name", ["none.js", "../__init__.py", "%2e%2e/__init__.py"])
def test_docs_serve_nothing_else(client, name):
    assert client.get(f"/docs/{name}").status_code == 404
