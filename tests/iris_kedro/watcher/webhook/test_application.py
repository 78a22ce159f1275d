import hashlib
import hmac
import json
import time

import pytest
from prometheus_client.parser import text_string_to_metric_families

from iris_kedro.specification import Rules
from iris_kedro.watcher.records.database import connect
from iris_kedro.watcher.records.store import Result, Store
from iris_kedro.watcher.rules import Action, Decision, Kind, Outcome
from iris_kedro.watcher.status import PRODUCTION
from iris_kedro.watcher.webhook import application
from iris_kedro.watcher.webhook.application import create_app
from iris_kedro.watcher.webhook.gauges import WatcherCollector

TOKEN = "correct horse b\u00e4ttery staple"  # noqa: S105
# Clients send UTF-8, which WSGI decodes as Latin-1.
BEARER = {"Authorization": f"Bearer {TOKEN}".encode().decode("latin-1")}
PLAIN = {"reason": "new rules"}
RUN = Decision(Action.RUN, "due", "because")


@pytest.fixture
def rounds():
    return [time.time()]


@pytest.fixture
def build(tmp_path, rounds):
    def build(store):
        collector = WatcherCollector(store, Rules(), tmp_path / "monitoring.json")
        return create_app(store, TOKEN, collector, lambda: rounds[-1], 60).test_client()

    return build


@pytest.fixture
def client(build, store):
    return build(store)


@pytest.fixture
def away(build, tmp_path):
    """Return a client of a watcher whose database is unreachable."""
    return build(Store(connect("sqlite:////none/predictions.db", tmp_path), "iris"))


def test_trigger_is_stored_before_the_response(client, store):
    answer = client.post("/trigger", json=PLAIN, headers=BEARER)

    assert answer.status_code == 202
    [waiting] = store.list_waiting()
    assert answer.json == {"id": waiting.id}
    assert (waiting.kind, waiting.reason) == (Kind.WEBHOOK, "new rules")


def test_irrelevant_event_is_not_a_trigger(client, store):
    payload = {"status": "resolved", "alerts": []}

    answer = client.post("/trigger", json=payload, headers=BEARER)

    assert (answer.status_code, answer.json) == (200, {"ignored": "no alert is firing"})
    assert store.list_waiting() == ()


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Bearer "},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": "Bearer caf\u00e9"},
        {"X-Hub-Signature-256": "sha256=0"},
        {"X-Hub-Signature-256": "caf\u00e9"},
    ],
)
def test_a_sender_without_the_token_is_refused(client, store, headers):
    answer = client.post("/trigger", json=PLAIN, headers=headers)

    assert answer.status_code == 401
    assert "IRIS_WATCHER_TOKEN" in answer.json["error"]
    assert answer.headers["WWW-Authenticate"].lower() == "bearer"
    assert store.list_waiting() == ()


def test_github_signs_with_the_token(client):
    body = json.dumps({"ref": "main", "after": "0123456789"}).encode()
    digest = hmac.new(TOKEN.encode(), body, hashlib.sha256).hexdigest()
    headers = {"X-GitHub-Event": "push", "X-Hub-Signature-256": f"sha256={digest}"}

    answers = [
        client.post("/trigger", data=data, headers=headers).status_code
        for data in (body, body + b" ")
    ]

    assert answers == [202, 401]


def test_a_repeated_request_is_one_trigger_while_it_waits(client, store, lease):
    def ask():
        return client.post("/trigger", json=PLAIN, headers=BEARER).json["id"]

    first = ask()
    assert [ask(), ask()] == [first, first]
    waiting = store.list_waiting()
    store.decide(lease, RUN, waiting, by="ada")

    assert ask() != first
    assert len(store.list_waiting()) == 1


@pytest.mark.parametrize("character", ["\ud800", "\0", "\n", "\x1b", "\u202e"])
def test_control_characters_are_replaced(client, store, character):
    alert = {"status": "firing", "labels": {"alertname": f"a{character}b"}}
    payloads = [{"reason": f"a{character}b"}, {"status": "firing", "alerts": [alert]}]

    answers = [
        client.post("/trigger", data=json.dumps(each), headers=BEARER).status_code
        for each in payloads
    ]

    assert answers == [202, 202]
    reasons = [each.reason for each in store.list_waiting()]
    assert reasons == ["a b", "alert a b"]
    nothing = client.post("/trigger", json={"reason": character}, headers=BEARER)
    assert nothing.status_code == 400


def test_a_form_is_refused_with_the_content_type_to_set(client):
    answer = client.post("/trigger", data={"payload": "{}"}, headers=BEARER)

    assert answer.status_code == 400
    assert "application/json" in answer.json["error"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        *((body, 400) for body in (b"", b"{", b"\xff", b"[]", b'{"reason": ""}')),
        (b"[" * 200_000, 400),  # nested too deeply
        (b"x" * (application.LARGEST_BODY + 1), 413),
    ],
)
def test_invalid_body_is_refused(client, body, status):
    answer = client.post("/trigger", data=body, headers=BEARER)

    assert answer.status_code == status
    assert answer.json["error"]


def test_other_methods_and_routes_are_refused(client):
    assert client.get("/trigger").status_code == 405
    assert client.post("/other").status_code == 404


def test_sender_is_asked_to_retry_while_the_database_is_unreachable(away):
    answer = away.post("/trigger", json=PLAIN, headers=BEARER)

    assert answer.status_code == 503
    assert answer.headers["Retry-After"]


def test_health_follows_the_rounds(client, rounds):
    assert client.get("/health").status_code == 200

    rounds.append(time.time() - 61)
    assert client.get("/health").status_code == 503
    rounds.append(None)
    assert client.get("/health").status_code == 503


def scrape(client):
    """Return the samples by name and labels."""
    text = client.get("/metrics").text
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_metrics_come_from_the_database(client, store, lease):
    store.add_trigger(Kind.WEBHOOK, "one")
    for outcome in ("refused", "refused", "failed"):
        decision = store.decide(lease, RUN, by="ada")
        store.finish(lease, decision, Result(Outcome(outcome)))

    found = scrape(client)

    assert found["watcher_triggers_waiting",] == 1
    assert found["watcher_breaker_open",] == 1
    assert found["watcher_runs_left",] == 1
    assert found["watcher_decisions_total", "run", "due"] == 3
    assert found["watcher_runs_total", "refused"] == 2
    assert found["watcher_database_up",] == 1


def test_content_type_is_known_to_prometheus(client):
    """Since version 3, it fails a scrape otherwise."""
    answer = client.get("/metrics", headers={"Accept": "*/*"})

    assert answer.mimetype == "text/plain"
    assert answer.mimetype_params["version"] in {"0.0.4", "1.0.0"}


def test_all_outcomes_are_counted_from_the_start(client):
    found = scrape(client)

    assert {found["watcher_runs_total", each] for each in Outcome} == {0}
    assert found["watcher_last_training_timestamp_seconds",] == 0


@pytest.mark.parametrize(
    ("outcomes", "count"),
    [
        ("refused refused", 2),
        ("refused released refused", 1),
        ("refused failed", 0),
        ("refused interrupted unchanged", 1),
    ],
)
def test_refused_runs_in_a_row_are_counted(client, store, lease, outcomes, count):
    for outcome in outcomes.split():
        decision = store.decide(lease, RUN, by="ada")
        store.finish(lease, decision, Result(Outcome(outcome)))
    store.decide(lease, RUN, by="ada")  # has no result yet

    assert scrape(client)["watcher_refused_in_a_row",] == count


@pytest.mark.parametrize(
    ("outcome", "is_training"),
    [("unchanged", True), ("refused", True), ("failed", False), ("interrupted", False)],
)
def test_last_training_is_the_last_run_that_did_not_fail(
    client, store, lease, outcome, is_training
):
    began = store.read_time()
    decision = store.decide(lease, RUN, by="ada")
    store.finish(lease, decision, Result(Outcome(outcome)))

    ended = scrape(client)["watcher_last_training_timestamp_seconds",]
    assert (ended >= began - 0.001) is is_training


def test_metrics_include_the_age_of_production(client, store, lease):
    assert ("watcher_model_created_timestamp_seconds", "7") not in scrape(client)

    store.write_note(lease, PRODUCTION, "7 86400.5")

    assert scrape(client)["watcher_model_created_timestamp_seconds", "7"] == 86400.5

    store.write_note(lease, PRODUCTION, "")  # the alias was removed

    assert ("watcher_model_created_timestamp_seconds", "7") not in scrape(client)


def test_metrics_include_the_age_of_the_current_run(client, store, lease):
    store.decide(lease, RUN, by="ada")

    assert scrape(client)["watcher_run_seconds",] >= 0


def test_metrics_include_the_last_report(client, tmp_path):
    drift = {"log_e": 4.5, "drifts": False, "effect": 0.3}
    report = {
        "model": "iris",
        "version": "7",
        "verdict": "worse",
        "reasons": [],
        "rows": 500,
        "recent_rows": 90,
        "threshold": 6.7,
        "features": {"petal_length": drift},
        "predictions": drift,
        "confidence": drift,
        "accuracy": {
            **dict.fromkeys(("value", "low", "high", "estimate", "gap")),
            "coverage": 0.2,
            "held_out": {"value": 0.95},
        },
    }
    (tmp_path / "monitoring.json").write_text(json.dumps(report))

    found = scrape(client)

    assert found["monitoring_verdict", "iris", "worse", "7"] == 1
    assert found["monitoring_feature_evidence", "petal_length", "iris", "7"] == 4.5
    assert found["monitoring_label_coverage", "iris", "7"] == 0.2
    assert found["monitoring_rows", "iris", "7"] == 500


def test_metrics_show_that_the_database_is_unreachable(away, rounds):
    assert scrape(away) == {
        ("watcher_database_up",): 0.0,
        ("watcher_last_round_timestamp_seconds",): rounds[-1],
    }


def test_last_round_is_zero_before_the_first(client, rounds):
    rounds.append(None)

    assert scrape(client)["watcher_last_round_timestamp_seconds",] == 0
