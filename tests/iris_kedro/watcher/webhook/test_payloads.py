import pytest

from iris_kedro.watcher.rules import Kind
from iris_kedro.watcher.webhook.payloads import Request, read_payload


def notify(*states, status="firing"):
    """Return a notification of Alertmanager."""
    alerts = [
        {
            "status": state,
            "labels": {"alertname": f"Alert{number}", "job": "serving"},
            "annotations": {"summary": "accuracy is low"},
        }
        for number, state in enumerate(states)
    ]
    return {"version": "4", "status": status, "groupKey": "{}", "alerts": alerts}


REPOSITORY = {"repository": {"full_name": "ada/flowers"}}
PUSH = {"ref": "refs/heads/main", "after": "0123456789", **REPOSITORY}


@pytest.mark.parametrize(
    ("payload", "event", "expected"),
    [
        ({"reason": " new rules "}, None, Request("new rules", Kind.WEBHOOK)),
        (
            notify("firing", "resolved", "firing"),
            None,
            Request(
                "alert Alert0 (accuracy is low), Alert2 (accuracy is low)", Kind.ALERT
            ),
        ),
        (notify("resolved", status="resolved"), None, Request("no alert is firing")),
        ({"status": "firing", "alerts": []}, None, Request("no alert is firing")),
        (
            {"status": "firing", "alerts": [{"status": "firing"}, 3]},
            None,
            Request("alert without name", Kind.ALERT),
        ),
        (
            PUSH,
            "push",
            Request(
                "GitHub, ada/flowers: push to refs/heads/main (0123456)", Kind.WEBHOOK
            ),
        ),
        (
            {"action": "retrain", "client_payload": {}, **REPOSITORY},
            "repository_dispatch",
            Request("GitHub, ada/flowers: retrain", Kind.WEBHOOK),
        ),
        ({"zen": "Keep it simple."}, "ping", Request("the event 'ping' is ignored")),
    ],
)
def test_payload_of_each_sender_is_parsed(payload, event, expected):
    assert read_payload(payload, event) == expected


@pytest.mark.parametrize(
    "payload", [None, 3, [], {}, {"reason": " "}, {"reason": 3}, {"alerts": "no"}, PUSH]
)
def test_error_lists_the_accepted_payloads(payload):
    with pytest.raises(ValueError, match="expected"):
        read_payload(payload, None)


def test_a_long_reason_is_cut():
    assert len(read_payload({"reason": "x" * 5000}, None).reason) == 1000
